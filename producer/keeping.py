"""Keeps the position in a source while its records are delivered."""

from __future__ import annotations

from producer.backlog import Backlog
from producer.errors import PositionError
from producer.sources import ResumableSource

_EVERY = 1.0
"""Seconds between two positions kept: what is sent again after a crash grows with it."""


class Keeper:
    """Keeps the offset before which every record is acknowledged, or safe in a file."""

    def __init__(self, source: ResumableSource, backlog: Backlog, *, now: float) -> None:
        self._source = source
        self._backlog = backlog
        self._kept: int | None = None
        self._kept_at = now

    def keep_if_due(self, now: float) -> None:
        """Keep the position once a second; one that can't be kept is tried again."""
        if now - self._kept_at >= _EVERY:
            self._kept_at = now
            self.keep()

    def keep(self, *, at_the_end: bool = False) -> PositionError | None:
        """Keep the position now; the error if that failed.

        The source may have learned only `at_the_end` that nothing follows an offset kept before.
        """
        offset = self._backlog.settled_to()
        if offset != self._kept or at_the_end:
            try:
                self._source.keep(offset)
            except PositionError as error:
                return error
            self._kept = offset
        return None
