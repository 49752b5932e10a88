"""A shard's records in append-only files, each named by the position of its first record.

    00000000000000000000.records     one record after the other:
        4   CRC-32 of everything that follows
        4   length of the data
        2   length of the partition key in UTF-8, or 65,535 if there is none
        8   arrival, a double, in seconds since 1970
            partition key, data

Integers are unsigned and big-endian. The records have consecutive positions, and sequence numbers
follow from position and arrival. At a record that is incomplete or doesn't match its checksum, the
process was killed while writing, and the file ends there. No file stays open.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from shutil import rmtree
from struct import Struct
from typing import BinaryIO
from zlib import crc32

from .disk import Disk
from .numbers import number_of
from .record import Record

_CHECKSUM = Struct(">I")
_HEAD = Struct(">IHd")
_HEAD_BYTES = _CHECKSUM.size + _HEAD.size
_NO_KEY = 0xFFFF
_MARK_EVERY = 2**16  # bytes between the records whose offsets are remembered
_BUFFER = 2**18
_SUFFIX = ".records"

Item = tuple[bytes, str | None, float]


class _Marks:
    """The offsets of some of a file's records, so that every record is close after one of them."""

    def __init__(self) -> None:
        self.positions = array("Q")
        self.offsets = array("Q")
        self.arrivals = array("d")

    def add(self, position: int, offset: int, arrived: float) -> None:
        if not self.offsets or offset - self.offsets[-1] >= _MARK_EVERY:
            self.positions.append(position)
            self.offsets.append(offset)
            self.arrivals.append(arrived)


class Segment:
    """One file, with the records from `first` up to, but not including, `next`.

    `is_dropped` is set once the file has been deleted; its shard may notice that later.
    """

    def __init__(self, path: Path, first: int) -> None:
        self.path = path
        self.first = self.next = first
        self.size = self._whole = 0
        self.first_arrived = self.last_arrived = 0.0
        self.is_dropped = False
        self._marks: _Marks | None = _Marks()

    @classmethod
    def found(cls, path: Path, end: tuple[int, float] | None) -> Segment | None:
        """A file that another process left, or None if there are no records in it.

        `end` has upper bounds for the position after it and for its last record's arrival. The
        file is read when it's needed, or now if its end is unknown.
        """
        segment = cls(path, int(path.stem))
        segment.size = path.stat().st_size
        with path.open("rb") as file:
            start = next(_items(file, 0, segment.size, is_checked=True), None)
        if start is None:
            return None
        segment._marks = None
        segment.first_arrived = start[1][2]
        if end is None:
            segment._scan()
        else:
            segment.next, segment.last_arrived = end
        return segment if segment.next > segment.first else None

    def is_before(self, horizon: float) -> bool:
        """Whether all its records arrived before `horizon`."""
        return self.first_arrived < horizon and self.last_arrived < horizon

    def append(self, records: list[Record]) -> None:
        """Append records."""
        assert self._marks is not None
        parts: list[bytes] = []
        size = self.size
        for position, (data, key, arrived, _) in enumerate(records, self.next):
            encoded = b"" if key is None else key.encode()
            head = _HEAD.pack(len(data), _NO_KEY if key is None else len(encoded), arrived)
            checksum = crc32(data, crc32(encoded, crc32(head)))
            parts += (_CHECKSUM.pack(checksum), head, encoded, data)
            self._marks.add(position, size, arrived)
            size += _HEAD_BYTES + len(encoded) + len(data)
        with self.path.open("r+b" if self.size else "wb", 0) as file:
            file.seek(self.size)  # A failed write may have left part of a record there.
            content = memoryview(b"".join(parts))
            while content:
                content = content[file.write(content) :]
        if not self.size:
            self.first_arrived = records[0].arrived
        self.last_arrived = records[-1].arrived
        self.next += len(records)
        self.size = self._whole = size

    def read(
        self, position: int, limit: int, max_bytes: int, horizon: float, base: int
    ) -> tuple[int, list[Record]]:
        """The first position from here on that has not expired, and the records from there on."""
        start = max(position, self.first)
        found: list[Record] = []
        size = 0
        for place, (data, key, arrived) in self._items_from(start):
            if arrived < horizon:
                start = place + 1
                continue
            size += len(data)
            if len(found) == limit or (found and size > max_bytes):
                break
            found.append(Record(data, key, arrived, number_of(base, place, int(arrived))))
        return start, found

    def at_time(self, timestamp: float) -> int:
        """The position of the first record that arrived at this time or later; else `next`."""
        marks = self._marks or self._scan()
        if not marks.positions:
            return self.next
        mark = max(0, bisect_left(marks.arrivals, timestamp) - 1)
        for place, (_, _, arrived) in self._items_from(marks.positions[mark]):
            if arrived >= timestamp:
                return place
        return self.next

    def _items_from(self, position: int) -> Iterator[tuple[int, Item]]:
        marks = self._marks or self._scan()
        if position >= self.next:
            return
        mark = bisect_right(marks.positions, position) - 1
        with self.path.open("rb", _BUFFER) as file:
            items = _items(file, marks.offsets[mark], self._whole)
            for place, (_, item) in enumerate(items, marks.positions[mark]):
                if place >= position:
                    yield place, item

    def _scan(self) -> _Marks:
        """Read a file that another process left, to find its end and make its marks."""
        marks = _Marks()
        end = self.first
        with self.path.open("rb", _BUFFER) as file:
            for offset, (_, _, arrived) in _items(file, 0, self.size, is_checked=True):
                marks.add(end, offset, arrived)
                end += 1
                self.last_arrived, self._whole = arrived, file.tell()
        self.next, self._marks = end, marks
        return marks


def _items(
    file: BinaryIO, offset: int, end: int, *, is_checked: bool = False
) -> Iterator[tuple[int, Item]]:
    """Offset and content of the records between two offsets, up to the first broken one."""
    file.seek(offset)
    while offset + _HEAD_BYTES <= end:
        checksum, head = file.read(_CHECKSUM.size), file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        data_bytes, key_bytes, arrived = _HEAD.unpack(head)
        has_key = key_bytes != _NO_KEY
        after = offset + _HEAD_BYTES + data_bytes + (key_bytes if has_key else 0)
        if after > end:
            return
        key = file.read(key_bytes) if has_key else b""
        data = file.read(data_bytes)
        if is_checked and _CHECKSUM.pack(crc32(data, crc32(key, crc32(head)))) != checksum:
            return
        yield offset, (data, key.decode() if has_key else None, arrived)
        offset = after


class Segments:
    """The files of a shard, ordered by position; guarded by the stream's lock."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.disk = disk
        self._folder = folder
        self._all: list[Segment] = []
        self._growing: Segment | None = None
        disk.count_shards(1)

    def find(self, end: tuple[int, float] | None) -> tuple[int, float]:
        """Take over what another process left, up to `end` if that is known; returns its end."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}"), reverse=True):
            segment = Segment.found(path, end)
            if segment is None:
                path.unlink()
            else:
                self._all.insert(0, segment)
                self.disk.grow(segment.size)
                self.disk.seal(segment)
                end = segment.first, segment.first_arrived
        return (self._all[-1].next, self._all[-1].last_arrived) if self._all else end or (0, 0.0)

    def write(self, position: int, records: list[Record]) -> bool:
        """Append records, the first of which has this position; False if that fails."""
        return self.disk.try_to(partial(self._write, position, records))

    def _write(self, position: int, records: list[Record]) -> None:
        segment = self._growing
        if (
            segment is None
            or segment.is_dropped
            or segment.next != position
            or segment.size >= self.disk.segment_bytes
        ):
            self._folder.mkdir(parents=True, exist_ok=True)
            segment = Segment(self._folder / f"{position:020}{_SUFFIX}", position)
        before = segment.size
        segment.append(records)
        if segment is not self._growing:
            if self._growing is not None:
                self.disk.seal(self._growing)
            self._growing = segment
            self._all.append(segment)
        self.disk.grow(segment.size - before)

    def trim(self, horizon: float) -> int | None:
        """Delete files that have only older records; returns the first position left."""
        while self._all and (self._all[0].is_dropped or self._all[0].is_before(horizon)):
            self.disk.drop(self._all.pop(0))
        return self._all[0].first if self._all else None

    def at(self, position: int) -> tuple[Segment | None, int | None]:
        """The file that has this position or ends before it, and where the next file starts."""
        if not self._all:
            return None, None
        index = max(0, bisect_right(self._all, position, key=lambda each: each.first) - 1)
        following = self._all[index + 1].first if index + 1 < len(self._all) else None
        return self._all[index], following

    def at_time(self, timestamp: float) -> int | None:
        """The position of the first record that arrived at this time or later, if a file has it."""
        index = bisect_left(self._all, timestamp, key=lambda each: each.first_arrived)
        if index:
            before = self._all[index - 1]
            with suppress(FileNotFoundError):  # It has been trimmed in between.
                found = before.at_time(timestamp)
                if found < before.next:
                    return found
        return self._all[index].first if index < len(self._all) else None

    def delete(self) -> None:
        """Delete all files."""
        for segment in self._all:
            self.disk.drop(segment)
        self._all.clear()
        self.disk.count_shards(-1)
        rmtree(self._folder, ignore_errors=True)
