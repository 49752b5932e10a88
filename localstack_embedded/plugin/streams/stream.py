"""A stream: its open shards get records by hash key, and return them in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Event, Lock
from typing import Any, Self

from . import resharding
from .errors import NoSuchStreamError, ReadLimitError
from .keeping import Home
from .numbers import POSITION_UNIT, SECOND_UNIT
from .record import Accepted, Entry, Read, Record, Refused, StartingPosition
from .shard import Shard
from .shards import Shards, route

MAX_READ_BYTES = 10 * 2**20
MAX_READ_RECORDS = 10_000
_TRIM_EVERY = 1.0  # second
_KEPT = ("arn", "created", "max_record_bytes", "is_even", "details")


class Stream:
    """Thread-safe; created by `Streams.add`."""

    def __init__(
        self,
        arn: str,
        shard_count: int,
        *,
        clock: Callable[[], float],
        home: Home | None = None,
        retention_hours: int,
        second: int = 0,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.arn = arn
        self.name = arn.rpartition("/")[2]
        self.max_record_bytes = 2**20
        self.is_even = False
        """Whether records are spread evenly over all shards, regardless of their keys."""
        self.has_limits = False
        self.is_deleted = False
        self.details: dict[str, Any] = dict(details or {})
        """What a service stores with the stream, as JSON-compatible values."""
        self._clock = clock
        self._home = home
        self._retention_hours = retention_hours
        self._lock = Lock()
        self._shards = Shards(home, second)
        self._now = self._trimmed = self._last_horizon = 0.0
        self._is_saved = False
        with self._lock:
            self.created = self._tick()
            if shard_count:
                self._shards.replace(self._now, [], resharding.even_ranges(shard_count))
                self._shards.settle()
                self._save()

    @classmethod
    def kept(cls, document: dict[str, Any], clock: Callable[[], float], home: Home) -> Self:
        """A stream that another process left."""
        hours = document["retention_hours"]
        stream = cls(document["arn"], 0, clock=clock, home=home, retention_hours=hours)
        for name in _KEPT:
            setattr(stream, name, document[name])
        last = stream._shards.restore(document["shards"], last=document["last"])
        stream._now = max(stream._now, document["now"], last)
        stream._last_horizon = document["horizon"]
        stream.save()
        return stream

    @property
    def shards(self) -> dict[str, Shard]:
        """All shards in order of creation; closed ones stay until their records have expired."""
        with self._lock:
            self._tick()
            return dict(self._shards.all)

    @property
    def open_shards(self) -> list[Shard]:
        """The shards that take records, ordered by hash key."""
        with self._lock:
            return list(self._shards.open)

    @property
    def retention_hours(self) -> int:
        """How long records stay; if this is shortened, older records are gone at once."""
        return self._retention_hours

    @retention_hours.setter
    def retention_hours(self, hours: int) -> None:
        with self._lock:
            self._tick()
            self._shards.trim(self._horizon)
            self._retention_hours = hours
            self._shards.trim(self._horizon)
            self._save()

    def put(self, entries: Sequence[Entry]) -> list[Accepted | Refused]:
        """Append each entry to its shard; raises RecordSizeError or HashKeyError before any is."""
        largest = self.max_record_bytes
        routes = [route(index, entry, largest) for index, entry in enumerate(entries)]
        answers: list[Accepted | Refused] = []
        changed: set[Shard] = set()
        with self._lock:
            now = self._tick()
            second = int(now) * SECOND_UNIT
            for (data, key, _), (hash_key, size) in zip(entries, routes, strict=True):
                shard = self._shards.find_for(None if self.is_even else hash_key)
                if self.has_limits and not shard.writes.take(size, now):
                    answers.append(Refused(shard.id))
                    continue
                log = shard.log
                number = str(shard.base + (log.next + 1) * POSITION_UNIT + second)
                log.append(Record(data, key, now, number))
                answers.append(Accepted(shard.id, number))
                changed.add(shard)
            for shard in changed:
                shard.log.shrink()
                shard.notify()
        if self._home and self._home.changed:
            self._home.changed.set()
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
        """Records from a position on, or from the oldest if the position is trimmed.

        Only calls with `is_counted` use up the shard's limits, and may raise ReadLimitError.
        """
        is_counted = is_counted and self.has_limits
        with self._lock:
            now = self._tick()
            shard = self._shards.find(shard_id)
            if is_counted and not shard.reads.take(now):
                raise ReadLimitError(shard_id)
            position = max(position, shard.log.first)
            read = shard.read_tip(position, limit, max_bytes, self._now)
        read = read or self._read_older(shard_id, position, limit, max_bytes)
        if is_counted:
            with self._lock:
                shard.reads.spend(sum(len(record.data) for record in read.records))
        return read

    def _read_older(self, shard_id: str, position: int, limit: int, max_bytes: int) -> Read:
        """Read from files, without the lock, so that other threads don't wait for the disk."""
        while True:
            with self._lock:
                self._tick()
                shard = self._shards.find(shard_id)  # It may have expired in between.
                position = max(position, shard.log.first)
                read = shard.read_tip(position, limit, max_bytes, self._now)
                segment, following = shard.log.older(position)
                horizon = self._horizon
            if read:
                return read
            with suppress(FileNotFoundError):  # It has been trimmed in between.
                assert segment
                start, records = segment.read(position, limit, max_bytes, horizon, shard.base)
                if records:
                    with self._lock:
                        return shard.answer(start, records, self._now)
            position = following

    def wait(self, shard_id: str, position: int, timeout: float) -> bool:
        """Wait until there is a record at a position, or can't be one anymore; False on timeout."""
        ready = Event()
        cancel = self.watch(shard_id, position, ready.set)
        try:
            return ready.wait(timeout)
        finally:
            cancel()

    def watch(self, shard_id: str, position: int, call: Callable[[], None]) -> Callable[[], None]:
        """Call a function once, when `wait` would return True; returns a function that cancels it.

        It is called with the stream locked, so it may only wake another thread.
        """
        watcher = position, call
        with self._lock:
            shard = self._shards.all.get(shard_id)
            if shard is None or shard.is_worth_reading(position):
                call()
                return lambda: None
            shard.watchers.append(watcher)

        def cancel() -> None:
            with self._lock, suppress(ValueError):  # It has been called.
                shard.watchers.remove(watcher)

        return cancel

    def position_of(self, shard_id: str, start: StartingPosition) -> int:
        """The position to start reading at; raises SequenceNumberError, FutureTimestampError."""
        with self._lock:
            now = self._tick()
            return self._shards.find(shard_id).position_to_start(start, now)

    def split(self, shard_id: str, hash_key: int) -> None:
        """Split an open shard; the second child starts with this hash key."""
        find = self._shards.find
        self._reshard(lambda replace: resharding.split(find(shard_id), hash_key, replace))

    def merge(self, shard_id: str, adjacent_id: str) -> None:
        """Merge two adjacent open shards."""
        find = self._shards.find
        self._reshard(lambda replace: resharding.merge(find(shard_id), find(adjacent_id), replace))

    def resize(self, count: int) -> None:
        """Reshard to `count` even open shards; as on AWS, with short-lived ones in between."""
        self._reshard(lambda replace: resharding.resize(self._shards.open, count, replace))

    def _reshard(self, change: Callable[[resharding.Replace], None]) -> None:
        with self._lock:
            change(partial(self._shards.replace, self._tick()))
            self._shards.settle()
            self._save()

    def save(self) -> None:
        """Save the stream's settings and `details`, if it is kept."""
        with self._lock:
            self._save()

    def flush(self) -> bool:
        """Write what is kept and not on disk yet; returns whether everything is on disk."""
        with self._lock:
            is_flushed = all([shard.log.flush() for shard in self._shards.all.values()])
            if not self._is_saved:
                self._save()
            return is_flushed and self._is_saved

    def shrink(self) -> None:
        """Keep within the shares of memory, which get smaller with each new stream."""
        with self._lock:
            self._shards.shrink()

    def close(self) -> None:
        """End the stream for all readers and writers; if it is kept, it stays on disk."""
        with self._lock:
            self._save(is_clean=True)
            self.is_deleted = True
            self._shards.end()

    def delete(self) -> int:
        """Delete the stream; returns the last second in which one of its shards was created."""
        with self._lock:
            self.is_deleted = True
            self._shards.clear()
        if self._home:
            self._home.remove()
        return self._shards.second

    def _tick(self) -> float:
        """The current time, which never goes back; trims expired records."""
        if self.is_deleted:
            raise NoSuchStreamError(self.arn)
        # In milliseconds, like the timestamps in answers, so that a record is found by its own.
        self._now = max(self._now, round(self._clock(), 3))
        if self._now - self._trimmed >= _TRIM_EVERY:
            self._trimmed = self._now
            if self._shards.trim(self._horizon):
                self._save()
        return self._now

    @property
    def _horizon(self) -> float:
        """The time before which records have expired; never goes back, so they stay expired."""
        horizon = self._now - self._retention_hours * 3600
        self._last_horizon = max(self._last_horizon, horizon)
        return self._last_horizon

    def _save(self, *, is_clean: bool = False) -> None:
        """Write the stream's document after its records: all of a closed shard's are on disk."""
        home = self._home
        if self.is_deleted or not (home and home.changed):
            return
        is_flushed = all([shard.log.flush() for shard in self._shards.all.values()])
        document = {
            **{name: getattr(self, name) for name in _KEPT},
            "retention_hours": self._retention_hours,
            "now": self._now,
            "horizon": self._horizon,
            "last": self._now if is_clean and is_flushed else None,
            "shards": self._shards.document(),
        }
        self._is_saved = home.write(document)
        if not self._is_saved:
            home.changed.set()
