"""Records that wait for a call to Kinesis, and the rule that groups them into batches."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterator

from producer.outgoing import OutgoingRecord


class Held:
    """A record that was read and whose fate is open; times are the clock's.

    `start` is where the source has to be read from to have the record again. `unanswered` is
    whether a call that held the record had no answer, so that it may have arrived. `unsendable` is
    the error code of a record that no further try can deliver.
    """

    __slots__ = (
        "attempts",
        "record",
        "refused_since",
        "since",
        "size",
        "start",
        "unanswered",
        "unsendable",
    )

    def __init__(self, record: OutgoingRecord, *, size: int, since: float, start: int = 0) -> None:
        self.record = record
        self.size = size
        self.since = since
        self.start = start
        self.attempts = 0
        self.refused_since: float | None = None
        self.unanswered = False
        self.unsendable = ""


Batch = list[Held]


class Waiting:
    """Fresh records in the order they came, and refused ones until they are due again.

    Refused records that are due go first and share their batch with fresh ones, so a slow shard
    delays only its own records. Not thread-safe.
    """

    def __init__(self, *, max_records: int, max_bytes: int, linger: float) -> None:
        self.max_records = max_records
        self._max_bytes = max_bytes
        self._linger = linger
        self._isolated: deque[Batch] = deque()
        self._due: deque[Held] = deque()
        self._fresh: deque[Held] = deque()
        self._ready_bytes = 0
        self._later: list[tuple[float, int, Held]] = []
        self._tie_break = itertools.count()

    def add(self, held: Held) -> bool:
        """Add a fresh record; True if a batch is full with it, or it is the first to wait."""
        self._fresh.append(held)
        self._ready_bytes += held.size
        ready = len(self._fresh) + len(self._due)
        return ready == 1 or ready % self.max_records == 0 or self._ready_bytes >= self._max_bytes

    def add_later(self, held: Held, *, due: float) -> None:
        """Keep a refused record back until `due`."""
        heapq.heappush(self._later, (due, next(self._tie_break), held))

    def add_isolated(self, batch: Batch) -> None:
        """Add records that must form a batch of their own."""
        self._isolated.append(batch)

    def ready_in(self, now: float, *, flush: bool) -> float | None:
        """Seconds until `take` has a batch worth sending, 0 if it has, None if nothing waits.

        With `flush`, no record waits for company.
        """
        self._wake(now)
        if self._isolated:
            return 0.0
        ready = len(self._due) + len(self._fresh)
        full = ready >= self.max_records or self._ready_bytes >= self._max_bytes
        if full or (flush and ready):
            return 0.0
        moments = [queue[0].since + self._linger for queue in (self._due, self._fresh) if queue]
        if self._later:
            moments.append(self._later[0][0])
        return max(0.0, min(moments) - now) if moments else None

    def take(self, now: float) -> Batch:
        """The next batch: within both limits, or a single record."""
        self._wake(now)
        if self._isolated:
            return self._isolated.popleft()
        batch: Batch = []
        size = 0
        for queue in (self._due, self._fresh):
            while queue and len(batch) < self.max_records:
                if batch and size + queue[0].size > self._max_bytes:
                    break
                size += queue[0].size
                batch.append(queue.popleft())
        self._ready_bytes -= size
        return batch

    def starts(self) -> Iterator[int]:
        """Where records that wait start, the earliest among them."""
        for batch in self._isolated:
            yield from (held.start for held in batch)
        yield from (held.start for held in self._due)
        yield from (held.start for _, _, held in self._later)
        if self._fresh:
            # They are in the order in which they were read.
            yield self._fresh[0].start

    def clear(self) -> Batch:
        """Take everything at once."""
        held = [
            *itertools.chain.from_iterable(self._isolated),
            *self._due,
            *(entry[2] for entry in sorted(self._later)),
            *self._fresh,
        ]
        self._isolated.clear()
        self._due.clear()
        self._later.clear()
        self._fresh.clear()
        self._ready_bytes = 0
        return held

    def _wake(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            due, _, held = heapq.heappop(self._later)
            held.since = due
            self._due.append(held)
            self._ready_bytes += held.size
