"""A shard's records in order of arrival: the newest in memory, the others in files."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from math import inf
from operator import attrgetter

from .record import Record, within
from .segments import Segment, Segments

_ARRIVED = attrgetter("arrived")
_COMPACT_FROM = 1024  # records; dropping fewer isn't worth moving all the others
_RECORD_BYTES = 350  # what a record takes in memory besides its data
_WRITE_RECORDS, _WRITE_BYTES = 5000, 2**20  # at a time
_GAP = 2**32
"""How many positions are skipped where the last records may have been lost.

Lost positions are not reused: a reader of the lost records would miss those in their place.
"""


class Log:
    """Positions from `first`, the oldest not trimmed, up to `next`, where the next record goes.

    Records from `tip` on are in memory; without files, all are. Guarded by the stream's lock.
    """

    def __init__(self, segments: Segments | None = None) -> None:
        self.first = self.tip = self.next = self._written = 0
        self._records: list[Record] = []
        self._bytes = 0
        self._segments = segments

    def find(self, end: int, last: float | None) -> float:
        """Take over what another process left before `end`; returns when the last record arrived.

        If `last` is None, records may have been written, or lost, since `end` was saved.
        """
        if not self._segments:
            return 0.0
        found, arrived = self._segments.find(None if last is None else (end, last))
        self.tip = self.next = self._written = end if last is not None else max(found, end) + _GAP
        oldest = self._segments.trim(-inf)
        self.first = self.tip if oldest is None else oldest
        return arrived

    def append(self, record: Record) -> None:
        """Add the next record."""
        self._records.append(record)
        self.next += 1
        self._bytes += len(record.data) + _RECORD_BYTES

    def read(self, position: int, limit: int, max_bytes: int) -> list[Record]:
        """Records in memory from a position on; at least one, if there is one."""
        start = position - self.tip
        return within(self._records[start : start + limit], max_bytes)

    def older(self, position: int) -> tuple[Segment | None, int]:
        """The file to read from at a position before `tip`, and where to continue after it."""
        segment, following = self._segments.at(position) if self._segments else (None, None)
        return segment, self.tip if following is None else min(following, self.tip)

    def after_gap(self, position: int) -> int:
        """The position to continue at: this one, or where a gap ends if it is in one."""
        segment, following = self.older(position) if position < self.tip else (None, position)
        return following if segment and segment.next <= position else position

    def at_time(self, timestamp: float) -> int:
        """The position of the first record that arrived at this time or later."""
        if self.first < self.tip and not self._is_in_memory(timestamp):
            assert self._segments
            found = self._segments.at_time(timestamp)
            if found is not None and found < self.tip:
                return max(self.first, found)
        found = self.tip + bisect_left(self._records, timestamp, key=_ARRIVED)
        return max(self.first, found)

    def _is_in_memory(self, timestamp: float) -> bool:
        return bool(self._records) and self._records[0].arrived < timestamp

    def trim(self, horizon: float) -> None:
        """Drop records that arrived before `horizon`; on disk, only whole files."""
        oldest = self._segments.trim(horizon) if self._segments else None
        self.first = max(self.first, self.tip if oldest is None else min(oldest, self.tip))
        start = self.first - self.tip
        if 0 <= start < len(self._records) and self._records[start].arrived < horizon:
            start = bisect_left(self._records, horizon, key=_ARRIVED)
            self.first = self.tip + start
            if start == len(self._records) or start > max(_COMPACT_FROM, len(self._records) // 4):
                self._forget(start)

    def shrink(self) -> None:
        """Write older records and drop them from memory if they exceed its share."""
        if not self._segments:
            return
        share = self._segments.disk.cache_share
        if self._bytes > share and self.flush():
            sizes = accumulate(len(record.data) + _RECORD_BYTES for record in self._records)
            excess = self._bytes - share // 2
            self._forget(bisect_left(list(sizes), excess) + 1)

    def flush(self) -> bool:
        """Write what has not been written yet; returns whether everything is."""
        if not self._segments:
            return True
        start = max(self._written, self.first)
        while start < self.next:
            at = start - self.tip
            records = self._records[at : at + _WRITE_RECORDS]
            chunk = within(records, min(_WRITE_BYTES, self._segments.disk.segment_bytes))
            if not self._segments.write(start, chunk):
                return False
            start += len(chunk)
            self._written = start
        return True

    def delete(self) -> None:
        """Drop everything, including the files."""
        self._forget(len(self._records))
        if self._segments:
            self._segments.delete()

    def _forget(self, count: int) -> None:
        """Drop the oldest records from memory."""
        self._bytes -= sum(len(record.data) + _RECORD_BYTES for record in self._records[:count])
        del self._records[:count]
        self.tip += count
