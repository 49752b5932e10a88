"""The questions about stored events."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol


class Judge(Protocol):
    """Knows what happened to events, by their ids."""

    @property
    def mark(self) -> str:
        """The attribute for an item's marks."""

    def id_of(self, item: Mapping[str, Any]) -> str:
        """The id of the event that an item was made from, by the item's key."""

    def ids_in(self, data: bytes) -> Collection[str]:
        """The ids of the events in a record."""

    def why_gone(self, id_: str) -> str:
        """Why an event must be deleted; empty if it may stay."""

    def marks(self, id_: str) -> Collection[str] | None:
        """How to mark an item; None if nothing is known, empty for no mark."""

    def is_version(self, id_: str) -> bool:
        """Whether an event is one of several versions."""

    def newer(self, id_: str) -> Collection[str]:
        """The versions that replace this one, once one of them is stored."""

    def is_stale(self, id_: str) -> bool:
        """Whether a newer version must be fetched."""

    def revised(self, data: bytes) -> bytes | None:
        """The record as it may be kept: unchanged, changed, or None to delete it."""
