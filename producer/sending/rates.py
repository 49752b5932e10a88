"""Measures current rates."""

from __future__ import annotations

from collections import deque

_WINDOW = 5.0  # seconds


class Rates:
    """Records and bytes a second, averaged over the last few seconds."""

    def __init__(self, now: float) -> None:
        self._marks: deque[tuple[float, int, int]] = deque([(now, 0, 0)])
        self._records = self._bytes = 0

    def add(self, records: int, size: int, now: float) -> None:
        """Add to the counts."""
        self._records += records
        self._bytes += size
        self._marks.append((now, self._records, self._bytes))
        while len(self._marks) > 2 and self._marks[1][0] <= now - _WINDOW:
            self._marks.popleft()

    def at(self, now: float) -> tuple[float, float]:
        """Records and bytes a second."""
        since, records, size = self._marks[0]
        seconds = max(now - since, 1.0)
        return (self._records - records) / seconds, (self._bytes - size) / seconds
