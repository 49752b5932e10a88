"""The parcels that wait for a call.

While no shard is full, they wait in one line. Once lanes are opened, each shard has its own.
Refused parcels that are not due yet, and parcels that must form a separate call, wait separately.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain

from producer.sending.aggregation import hash_keys
from producer.sending.batches import Batch, Group, Held, Parcel
from producer.sending.lanes import Lanes
from producer.sending.line import Line
from producer.sending.shard import Shard


class Waiting:
    """The waiting parcels; with `groups_from`, 0 to 1, records are grouped. Not thread-safe.

    `call_records` and `max_bytes` limit one call, `linger` is how long a record waits for others.
    """

    def __init__(
        self,
        *,
        call_records: int,
        max_bytes: int,
        linger: float,
        groups_from: float | None = None,
    ) -> None:
        self.call_records = call_records
        self.lanes: Lanes | None = None
        self._max_bytes = max_bytes
        self._linger = linger
        self._hash_keys = None if groups_from is None else hash_keys(start=groups_from)
        self._group: Group | None = None
        self._line = Line(linger=linger)
        self._later: list[tuple[float, int, Parcel]] = []
        self._tie_break = itertools.count()
        self._isolated: deque[Batch] = deque()

    def add(self, held: Held, now: float) -> bool:
        """Take a new record; True if a sender should check for a call to send."""
        if self._hash_keys is None:
            if self.lanes is None:
                return self._line.add(held, self.call_records, self._max_bytes)
            return self.lanes.add(held, now)
        if self._group is not None and self._group.add(held):
            return False
        looks = self._group is not None and self._wait(self._closed_group(), now)
        is_first = self._group is None
        self._group = Group(hash_key=next(self._hash_keys))
        self._group.add(held)
        return looks or is_first

    def add_later(self, parcel: Parcel, *, due: float) -> None:
        """Hold back a refused parcel until `due`."""
        heapq.heappush(self._later, (due, next(self._tie_break), parcel))

    def add_isolated(self, batch: Batch) -> None:
        """Add parcels that must form a separate call."""
        self._isolated.append(batch)

    def open(self, lanes: Lanes, now: float) -> None:
        """Switch to one lane for each shard."""
        self.lanes = lanes
        for parcel in self._line.clear():
            lanes.add(parcel, now)

    def ready_in(
        self, now: float, *, max_records: float, max_bytes: float, flush: bool
    ) -> float | None:
        """Seconds until `take` has a call worth sending, 0 if it has one, None if nothing waits.

        With `flush`, parcels don't wait for others.
        """
        self._wake(now)
        if self._isolated:
            return 0.0
        moments: list[float | None] = []
        if self._group is not None:
            since = self._group.since + self._linger
            if flush or since <= now:
                self._wait(self._closed_group(), now)
                self._group = None
            else:
                moments.append(since - now)
        if self._later:
            moments.append(self._later[0][0] - now)
        if self.lanes is not None:
            moments.append(self.lanes.ready_in(now))
        elif max_records:
            moments.append(
                self._line.ready_in(now, max_records=max_records, max_bytes=max_bytes, flush=flush)
            )
        return min((seconds for seconds in moments if seconds is not None), default=None)

    def take(self, now: float, *, max_records: float, max_bytes: float) -> Batch:
        """The parcels of the next call: within both limits, or a single one."""
        self._wake(now)
        if self._isolated:
            return self._isolated.popleft()
        if self.lanes is not None:
            return self.lanes.take(now, max_records=max_records, max_bytes=max_bytes)
        return self._line.take(max_records=max_records, max_bytes=max_bytes)

    def give_up(self, is_given_up: Callable[[Parcel], bool], *, of: Shard | None = None) -> Batch:
        """Remove the parcels to give up, of one shard or of all.

        Isolated parcels are always tried.
        """
        if of is not None:
            return of.give_up(is_given_up)
        given_up = self._line.give_up(is_given_up)
        later = self._later
        self._later = [entry for entry in later if not is_given_up(entry[2])]
        heapq.heapify(self._later)
        given_up += [entry[2] for entry in later if is_given_up(entry[2])]
        if self.lanes is not None:
            given_up += self.lanes.give_up(is_given_up)
        return given_up

    def clear(self) -> Batch:
        """Remove and return everything."""
        everything = [*self._line.parcels(), *self._beside_the_line()]
        self._line.clear()
        self._isolated.clear()
        self._later.clear()
        if self.lanes is not None:
            self.lanes.clear()
        self._group = None
        return everything

    def first_start(self) -> float:
        """The source offset of the earliest of them."""
        starts = (parcel.start for parcel in self._beside_the_line())
        return min(self._line.first_start(), min(starts, default=math.inf))

    def _wait(self, parcel: Parcel, now: float) -> bool:
        if self.lanes is None:
            return self._line.add(parcel, self.call_records, self._max_bytes)
        return self.lanes.add(parcel, now)

    def _closed_group(self) -> Parcel:
        group = self._group
        assert group is not None
        # A single record is sent as it is.
        return group if group.count > 1 else group.members[0]

    def _wake(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            due, _, parcel = heapq.heappop(self._later)
            if self.lanes is None:
                self._line.add_again(parcel, since=due)
            else:
                self.lanes.add(parcel, now)

    def _beside_the_line(self) -> Iterator[Parcel]:
        yield from chain.from_iterable(self._isolated)
        yield from (entry[2] for entry in sorted(self._later))
        if self.lanes is not None:
            yield from self.lanes.parcels()
        if self._group is not None:
            yield self._group
