"""A shard's records in the order of their arrival."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from operator import attrgetter

from .record import Record

_ARRIVED = attrgetter("arrived")
_COMPACT_FROM = 1024  # records; what is fewer isn't worth moving all others for


class Log:
    """Positions from `first`, which was not trimmed yet, up to `next`, which is to be written."""

    def __init__(self, first: int = 0) -> None:
        self.first = self.next = first
        self._tip: list[Record] = []
        self._tip_first = first

    def append(self, record: Record) -> None:
        """Add the next record."""
        self._tip.append(record)
        self.next += 1

    def read(self, position: int, limit: int, max_bytes: int) -> list[Record]:
        """Records from a position that is not trimmed; one at least, if there is one."""
        start = position - self._tip_first
        return within(self._tip[start : start + limit], max_bytes)

    def at_time(self, timestamp: float) -> int:
        """The position of the first record that arrived at this time or later."""
        found = self._tip_first + bisect_left(self._tip, timestamp, key=_ARRIVED)
        return max(self.first, found)

    def trim(self, horizon: float) -> None:
        """Forget what arrived before."""
        start = self.first - self._tip_first
        if start < len(self._tip) and self._tip[start].arrived < horizon:
            self.first = self.at_time(horizon)
            start = self.first - self._tip_first
            if start == len(self._tip) or start > max(_COMPACT_FROM, len(self._tip) // 4):
                del self._tip[:start]
                self._tip_first = self.first


def within(records: list[Record], max_bytes: int) -> list[Record]:
    """As many of these as have so many bytes of data together, but at least one."""
    sizes = list(accumulate(len(record.data) for record in records))
    if not sizes or sizes[-1] <= max_bytes:
        return records
    return records[: max(1, bisect_left(sizes, max_bytes + 1))]
