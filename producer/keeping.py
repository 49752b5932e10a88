"""Saves the position in a source while its records are delivered."""

from __future__ import annotations

from producer.backlog import Backlog
from producer.errors import PositionError
from producer.sources import ResumableSource

_EVERY = 1.0
"""Seconds between saves; a longer time means more records to resend after a crash."""


class Keeper:
    """Saves the offset before which every record is acknowledged or safe in a file."""

    def __init__(self, source: ResumableSource, backlog: Backlog, *, now: float) -> None:
        self._source = source
        self._backlog = backlog
        self._kept: int | None = None
        self._kept_at = now

    def keep_if_due(self, now: float) -> None:
        """Save the position once a second; retry if that fails."""
        if now - self._kept_at >= _EVERY:
            self._kept_at = now
            self.keep()

    def keep(self, *, at_the_end: bool = False) -> PositionError | None:
        """Save the position now; return the error if that fails.

        Only `at_the_end` may the source know that nothing follows an offset it saved before.
        """
        offset = self._backlog.settled_to()
        if offset != self._kept or at_the_end:
            try:
                self._source.keep(offset)
            except PositionError as error:
                return error
            self._kept = offset
        return None
