"""The parcels that wait for full shards, one lane for each shard."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import chain

from producer.sending.batches import Batch, Parcel
from producer.sending.ranges import Ranges
from producer.sending.shard import Shard

_PACE = 0.05
"""Seconds between calls, so that each holds parcels for all shards."""
_GUESSES = 2
_UNKNOWN_SHARE = 0.25
"""After this many refusals, the parcel's shard counts as unknown, and few such parcels are sent."""
_SORTED_EVERY = 0.5
"""Seconds after which parcels are sorted again, if more shard ranges are known."""


class Lanes:
    """Parcels by shard; oldest first within each. Not thread-safe."""

    def __init__(self, now: float, *, patience: float, shards: int, share: float) -> None:
        self._ranges = Ranges()
        self._patience = patience
        self._share = share
        # For refused keys whose shard is unknown.
        self._unknown = Shard(now, patience=patience, share=shards * share)
        self._shards: dict[str | None, Shard] = {None: self._unknown}
        self._is_sorted, self._sorted_at = True, now
        self._first = 0
        self._next = now

    @property
    def capacity(self) -> float:
        """What the shards accept together, in units of one shard's limit."""
        known = sum(shard.share for name, shard in self._shards.items() if name)
        return known or self._unknown.share

    @property
    def known(self) -> int:
        """How many shards there are, as far as is known."""
        return max(1, len(self._shards) - 1)

    def full(self, now: float) -> int:
        """How many shards made parcels wait recently."""
        return min(self.known, sum(shard.is_full(now) for shard in self._shards.values()))

    def of(self, parcel: Parcel) -> Shard:
        """The shard that a parcel goes to."""
        # Otherwise, another shard's refusals would slow down a wrong guess.
        return self._shards[
            self._ranges.shard_of(parcel.hash_key, guess=parcel.attempts < _GUESSES)
        ]

    def add(self, parcel: Parcel, now: float) -> bool:
        """Queue a parcel; True if it is the first of its shard."""
        shard = self.of(parcel)
        shard.add(parcel, now)
        return len(shard.queue) == 1

    def learn(self, parcel: Parcel, shard: str, now: float) -> None:
        """Record which shard a parcel went to, or was refused by."""
        if not self._ranges.learn(parcel.hash_key, shard):
            return
        self._is_sorted = False
        self._unknown.patience.accepted()
        self._unknown.share = min(self._unknown.share, _UNKNOWN_SHARE)
        if shard not in self._shards:
            self._shards[shard] = Shard(now, patience=self._patience, share=self._share)
            self._sorted_at = -math.inf  # Parcels that wait for it must be sent.

    def refused(self, parcel: Parcel, shard: str | None, now: float, *, sent: float) -> Shard:
        """Record a parcel, sent at this time, for which its shard was full; return the shard."""
        if shard is not None:
            self.learn(parcel, shard, now)
        lane = self.of(parcel)
        lane.refused(now, sent=sent)
        return lane

    def ready_in(self, now: float) -> float | None:
        """Seconds until a shard accepts a parcel; None if none waits."""
        # Not in `take`: ready parcels may then move to another shard's lane, and leave nothing to
        # send.
        if not self._is_sorted and now - self._sorted_at >= _SORTED_EVERY:
            self._sort(now)
        waits = [lane.ready_in(now) for lane in self._shards.values() if lane.queue]
        return max(min(waits), self._next - now, 0.0) if waits else None

    def take(self, now: float, *, max_records: float, max_bytes: float) -> Batch:
        """The parcels that the shards accept now: within both limits, or a single parcel."""
        batch: Batch = []
        left = max_bytes
        lanes = list(self._shards.values())
        # Rotate, so that full calls do not always favor the same shards.
        self._first = (self._first + 1) % len(lanes)
        for lane in (*lanes[self._first :], *lanes[: self._first]):
            while len(batch) < max_records and (
                parcel := lane.take(now, size=left if batch else math.inf)
            ):
                batch.append(parcel)
                left -= parcel.wire
        # With this much capacity, waiting would only slow things down.
        is_full = len(batch) >= max_records or left < max_bytes / 2
        self._next = now if is_full else now + _PACE
        return batch

    def give_up(self, is_given_up: Callable[[Parcel], bool]) -> Batch:
        """Remove the parcels to give up."""
        shards = self._shards.values()
        return [parcel for shard in shards for parcel in shard.give_up(is_given_up)]

    def parcels(self) -> Iterator[Parcel]:
        """All waiting parcels."""
        queues = (shard.queue for shard in self._shards.values())
        return (parcel for _, _, parcel in chain.from_iterable(queues))

    def clear(self) -> None:
        """Remove all waiting parcels."""
        for shard in self._shards.values():
            shard.queue.clear()

    def _sort(self, now: float) -> None:
        """Move each parcel to the lane of its shard, by what is known now."""
        before = self._shards
        waiting = list(self.parcels())
        self.clear()
        names = sorted({None, *self._ranges.shards()}, key=str)
        self._shards = {name: before[name] for name in names}
        for parcel in waiting:
            self.add(parcel, now)
        self._is_sorted, self._sorted_at = True, now
