"""A stream: records by hash key into its open shards, and out of each in their order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import md5
from threading import Condition, Lock
from typing import Any

from . import resharding
from .errors import (
    FutureTimestampError,
    HashKeyError,
    NoSuchShardError,
    NoSuchStreamError,
    ReadLimitError,
    RecordSizeError,
)
from .numbers import POSITION_UNIT, SECOND_UNIT
from .record import Accepted, Entry, Read, Record, Refused, StartingPosition
from .shard import MAX_HASH_KEY, Shard

HASH_BYTES = 16
MAX_READ_BYTES = 10 * 2**20
MAX_READ_RECORDS = 10_000
_TRIM_EVERY = 1.0  # second


class Stream:
    """May be used by any number of threads; made by `Streams.add`."""

    def __init__(
        self,
        arn: str,
        shard_count: int,
        *,
        clock: Callable[[], float],
        first_second: int = 0,
        retention_hours: int = 24,
        has_limits: bool = False,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.arn = arn
        self.name = arn.rpartition("/")[2]
        self.max_record_bytes = 2**20
        self.is_even = False
        """Whether records go to all shards alike, whatever their keys."""
        self.has_limits = has_limits
        self.is_deleted = False
        self.details: dict[str, Any] = dict(details or {})
        """Whatever else belongs to the stream, as JSON can hold it, for whoever serves it."""
        self._retention_hours = retention_hours
        self._clock = clock
        self._lock = Lock()
        self._shards: dict[str, Shard] = {}
        self._open: list[Shard] = []
        self._starts: list[bytes] = []
        self._turn = 0
        self._made = 0
        self._now = self._trimmed = 0.0
        self.created = self._tick()
        self._second = max(first_second, int(self.created))
        self._replace([], resharding.even_ranges(shard_count))

    @property
    def shards(self) -> dict[str, Shard]:
        """All shards in the order they were made; closed ones until their records have expired."""
        with self._lock:
            self._tick()
            return dict(self._shards)

    @property
    def open_shards(self) -> list[Shard]:
        """Those that take records, ordered by hash key."""
        with self._lock:
            return list(self._open)

    @property
    def retention_hours(self) -> int:
        """How long records stay; if it becomes less, what is older is gone at once."""
        return self._retention_hours

    @retention_hours.setter
    def retention_hours(self, hours: int) -> None:
        with self._lock:
            self._tick()
            self._trim()  # What has expired so far doesn't come back.
            self._retention_hours = hours
            self._trim()

    def put(self, entries: Sequence[Entry]) -> list[Accepted | Refused]:
        """Append each to its shard; raises RecordSizeError and HashKeyError before any is."""
        routes = [self._route(index, *entry) for index, entry in enumerate(entries)]
        answers: list[Accepted | Refused] = []
        changed: dict[str, Shard] = {}
        with self._lock:
            now = self._tick()
            second = int(now) * SECOND_UNIT
            for (data, key, _), (hash_key, size) in zip(entries, routes, strict=True):
                shard = self._shard_for(hash_key)
                if self.has_limits and not shard.writes.take(size, now):
                    answers.append(Refused(shard.id))
                    continue
                number = str(shard.base + (shard.log.next + 1) * POSITION_UNIT + second)
                shard.log.append(Record(data, key, now, number))
                answers.append(Accepted(shard.id, number))
                changed[shard.id] = shard
            for shard in changed.values():
                shard.notify()
        return answers

    def read(
        self,
        shard_id: str,
        position: int,
        *,
        limit: int = MAX_READ_RECORDS,
        max_bytes: int = MAX_READ_BYTES,
        is_counted: bool = False,
    ) -> Read:
        """Records from a position on, or from the oldest if that is trimmed.

        With `is_counted` it is one of the calls that the shard's limits are about, and raises
        ReadLimitError.
        """
        with self._lock:
            now = self._tick()
            shard = self._shard(shard_id)
            is_counted = is_counted and self.has_limits
            if is_counted and not shard.reads.take(now):
                raise ReadLimitError(shard_id)
            position = max(position, shard.log.first)
            records = shard.log.read(position, limit, max_bytes)
            if is_counted:
                shard.reads.spend(sum(len(record.data) for record in records))
            position += len(records)
            if position >= shard.log.next:
                return Read(records, None if shard.is_closed else position, 0)
        return Read(records, position, max(1, int((now - records[-1].arrived) * 1000)))

    def wait(self, shard_id: str, position: int, timeout: float) -> bool:
        """Whether there is something to be had at a position, at the latest after so many seconds.

        That is a record, the end of a closed shard, or an error since shard or stream are gone.
        """
        with self._lock:
            shard = self._shards.get(shard_id)
            if shard is None:
                return True
            return shard.changed.wait_for(
                lambda: position < shard.log.next or shard.is_closed or self.is_deleted, timeout
            )

    def watch(self, shard_id: str, position: int, call: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, once, as soon as `wait` would be over; returns what cancels that.

        The stream is locked meanwhile: the function may do no more than wake somebody.
        """
        with self._lock:
            shard = self._shards.get(shard_id)
            if shard is None or position < shard.log.next or shard.is_closed:
                call()
                return lambda: None
            shard.watchers.append(call)

        def cancel() -> None:
            with self._lock, suppress(ValueError):  # It has been called.
                shard.watchers.remove(call)

        return cancel

    def position_of(self, shard_id: str, start: StartingPosition) -> int:
        """Where to read from to start there; raises SequenceNumberError, FutureTimestampError."""
        with self._lock:
            now = self._tick()
            shard = self._shard(shard_id)
            match start.type:
                case "TRIM_HORIZON":
                    return shard.log.first
                case "LATEST":
                    return shard.log.next
                case "AT_TIMESTAMP":
                    if start.timestamp > now:
                        raise FutureTimestampError(start.timestamp, now)
                    return shard.log.at_time(start.timestamp)
            position = shard.position_of(start.sequence_number)
            position += start.type == "AFTER_SEQUENCE_NUMBER"
            return min(max(position, shard.log.first), shard.log.next)

    def split(self, shard_id: str, hash_key: int) -> None:
        """Divide an open shard; its upper half starts with this hash key."""
        with self._lock:
            self._tick()
            resharding.split(self._shard(shard_id), hash_key, self._replace)

    def merge(self, shard_id: str, adjacent_id: str) -> None:
        """Make one shard of two open ones next to each other."""
        with self._lock:
            self._tick()
            shard, adjacent = self._shard(shard_id), self._shard(adjacent_id)
            resharding.merge(shard, adjacent, self._replace)

    def resize(self, count: int) -> None:
        """Make it so many even open shards; as on AWS, with short-lived ones in between."""
        with self._lock:
            self._tick()
            resharding.resize(self._open, count, self._replace)

    def save(self) -> None:
        """Have `details` kept with the stream, if it is one to be kept."""

    def delete(self) -> int:
        """End it for everybody; the last second in which one of its shards was created."""
        with self._lock:
            self.is_deleted = True
            for shard in self._shards.values():
                shard.notify()
            self._shards.clear()
            self._open.clear()
            return self._second

    def _route(
        self, index: int, data: bytes, key: str | None, explicit: int | None
    ) -> tuple[bytes | None, int]:
        """An entry's hash key, None where any shard will do, and its size."""
        encoded = b"" if key is None else key.encode()
        size = len(data) + len(encoded)
        if size > self.max_record_bytes:
            raise RecordSizeError(index, size)
        if self.is_even:
            return None, size
        if explicit is not None:
            if not 0 <= explicit <= MAX_HASH_KEY:
                raise HashKeyError(explicit)
            return explicit.to_bytes(HASH_BYTES, "big"), size
        return None if key is None else md5(encoded, usedforsecurity=False).digest(), size

    def _shard_for(self, hash_key: bytes | None) -> Shard:
        if hash_key is not None:
            return self._open[bisect_right(self._starts, hash_key) - 1]
        self._turn = (self._turn + 1) % len(self._open)
        return self._open[self._turn]

    def _shard(self, shard_id: str) -> Shard:
        shard = self._shards.get(shard_id)
        if shard is None:
            raise NoSuchShardError(shard_id)
        return shard

    def _tick(self) -> float:
        """The present, which never goes back; trims what has expired until now."""
        if self.is_deleted:
            raise NoSuchStreamError(self.arn)
        # In milliseconds, as timestamps are served: whoever asks for a record's own finds it.
        self._now = max(self._now, round(self._clock(), 3))
        if self._now - self._trimmed >= _TRIM_EVERY:
            self._trim()
        return self._now

    def _trim(self) -> None:
        self._trimmed = self._now
        horizon = self._now - self._retention_hours * 3600
        expired = []
        for shard in self._shards.values():
            shard.log.trim(horizon)
            if shard.closed is not None and shard.closed < horizon:
                expired.append(shard)
        for shard in expired:
            del self._shards[shard.id]
            shard.notify()

    def _replace(self, parents: list[Shard], ranges: list[tuple[int, int]]) -> list[Shard]:
        """Close shards, and open their children with these ranges of hash keys."""
        created = max([self._second, int(self._now), *(parent.created + 1 for parent in parents)])
        self._second = created
        children = []
        for start, end in ranges:
            shard = Shard(
                index=self._made,
                start=start,
                end=end,
                created=created,
                changed=Condition(self._lock),
                parents=tuple(parent.id for parent in parents),
            )
            self._made += 1
            self._shards[shard.id] = shard
            children.append(shard)
        for parent in parents:
            parent.closed = self._now
            parent.children = tuple(child.id for child in children)
            parent.notify()
        kept = [shard for shard in self._open if not shard.is_closed]
        self._open = sorted(kept + children, key=lambda shard: shard.start)
        self._starts = [shard.start.to_bytes(HASH_BYTES, "big") for shard in self._open]
        return children
