"""What is asked about events that are stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol


class Judge(Protocol):
    """Knows what has become of events, by their ids."""

    @property
    def mark(self) -> str:
        """The attribute that holds the marks of an item."""

    def id_of(self, item: Mapping[str, Any]) -> str:
        """The id of the event that an item was made of, by the item's key."""

    def ids_in(self, data: bytes) -> Collection[str]:
        """The ids of the events that a record tells of."""

    def why_gone(self, id_: str) -> str:
        """Why an event must not be kept; empty if it may."""

    def marks(self, id_: str) -> Collection[str] | None:
        """How an item is to be marked; None where nothing is known of it, empty for not at all."""

    def is_version(self, id_: str) -> bool:
        """Whether an event is one of several versions."""

    def newer(self, id_: str) -> Collection[str]:
        """The versions that replace this one, once one of them is stored."""

    def is_stale(self, id_: str) -> bool:
        """Whether a newer version has to be fetched."""

    def revised(self, data: bytes) -> bytes | None:
        """A record as it may be kept: the same, changed, or None if it may not be kept."""
