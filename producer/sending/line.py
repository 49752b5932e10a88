"""The queue of parcels while no shard is full."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice

from producer.sending.batches import Batch, Parcel


class Line:
    """Refused parcels that are due again, then new parcels in order of arrival.

    Not thread-safe.
    """

    def __init__(self, *, linger: float) -> None:
        self._linger = linger
        self._again: deque[Parcel] = deque()
        self._fresh: deque[Parcel] = deque()
        self._bytes = 0

    def add(self, parcel: Parcel, max_records: int, max_bytes: int) -> bool:
        """Add a new parcel; True if it fills a call, or is the first to wait."""
        self._fresh.append(parcel)
        self._bytes += parcel.wire
        ready = len(self._fresh) + len(self._again)
        return ready == 1 or ready % max_records == 0 or self._bytes >= max_bytes

    def add_again(self, parcel: Parcel, *, since: float) -> None:
        """Add a refused parcel that was due at this time."""
        parcel.since = since
        self._again.append(parcel)
        self._bytes += parcel.wire

    def ready_in(
        self, now: float, *, max_records: float, max_bytes: float, flush: bool
    ) -> float | None:
        """Seconds until a call is worth sending, 0 if one is, None if nothing waits.

        With `flush`, parcels don't wait for others.
        """
        ready = len(self._again) + len(self._fresh)
        if ready and (flush or ready >= max_records or self._bytes >= max_bytes):
            return 0.0
        moments = [queue[0].since for queue in (self._again, self._fresh) if queue]
        return max(0.0, min(moments) + self._linger - now) if moments else None

    def take(self, *, max_records: float, max_bytes: float) -> Batch:
        """The parcels of the next call: within both limits, or a single one."""
        batch: Batch = []
        size = 0
        for queue in (self._again, self._fresh):
            before = len(batch)
            for parcel in islice(queue, int(min(len(queue), max_records - before))):
                if batch and size + parcel.wire > max_bytes:
                    break
                size += parcel.wire
                batch.append(parcel)
            for _ in range(before, len(batch)):
                queue.popleft()
        self._bytes -= size
        return batch

    def parcels(self) -> Iterator[Parcel]:
        """All waiting parcels, in order."""
        return chain(self._again, self._fresh)

    def first_start(self) -> float:
        """The source offset of the earliest of them."""
        starts = [parcel.start for parcel in self._again]
        # New parcels are in the order in which they were read.
        starts += [self._fresh[0].start] if self._fresh else []
        return min(starts, default=math.inf)

    def give_up(self, is_given_up: Callable[[Parcel], bool]) -> Batch:
        """Remove the parcels to give up."""
        waiting = list(self.parcels())
        given_up = [parcel for parcel in waiting if is_given_up(parcel)]
        if given_up:
            self._again = deque(parcel for parcel in self._again if not is_given_up(parcel))
            self._fresh = deque(parcel for parcel in self._fresh if not is_given_up(parcel))
            self._bytes = sum(parcel.wire for parcel in self.parcels())
        return given_up

    def clear(self) -> Batch:
        """Remove and return everything."""
        return self.give_up(lambda _: True)
