"""Estimates how much one shard accepts, from its answers.

Kinesis limits a shard with a token bucket that holds one second of its rate. This bucket mirrors
it, a little emptier, so that calls that arrive closer together than they were sent are not refused.
It is emptied when the shard refuses more than a stray record: the shard is then at its limit.

What it accepted between two such moments, divided by the time between them, is its rate, no matter
who else uses the shard. After a refusal, the sender tries a little less than that, then more and
more. While it sends less, the shard saves up capacity, so nothing is lost; the next refusal comes
when that is used up.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from producer.sending.batches import Batch, Parcel
from producer.sending.patience import Patience

SHARD_RECORDS = 1000
SHARD_BYTES = 1024 * 1024
"""What a shard accepts each second; Kinesis Developer Guide, Quotas and limits."""

_RESERVE = 0.2
"""Seconds of the rate that are left unused in the shard's bucket."""
_STRAY = 0.02
"""The share of refusals that says nothing about the rate."""
_MEMORY = 2.0  # seconds, for that share
_CAUTION = 0.9
_COLLAPSE = 0.7
_DOUBT = 0.85
_TRUSTED, _MEASURED = 0.5, 1.0  # seconds
_FAR = 0.7
_LEAST = 0.05
_GROWTH = 0.02
"""The share added each second; after this many seconds without a refusal, it doubles each time they
pass.
"""
_CALM, _DOUBLING = 8.0, 4.0
OF_LATE = 5.0  # seconds
_AT_ONCE = 1e-6
_TRIES_IN_TURN = 3


class Shard:
    """The parcels that wait for a shard, oldest first, and when it accepts the next. Not
    thread-safe.

    `share` is how much of a shard's limits it accepts.
    """

    def __init__(self, now: float, *, patience: float, share: float = 1.0) -> None:
        self.share = share
        self.queue: list[tuple[int, int, Parcel]] = []
        self._tie_break = itertools.count()
        self.patience = Patience(patience)
        self._records = self._bytes = 0.0
        self._filled_at = self._cut_at = self._full_at = now
        self._since_cut = [0.0, 0.0]
        self._recent = [0.0, 0.0]
        self._recent_at = now
        self._busy = 0.0
        self._goal = share

    def add(self, parcel: Parcel, now: float) -> None:
        """Queue a parcel."""
        if not self.queue:
            self._fill(now)
        # A parcel refused again and again lets others pass: it may belong to another shard.
        turns = min(parcel.attempts - _TRIES_IN_TURN, 12)
        rank = parcel.number + (2**turns if turns > 0 else 0)
        heapq.heappush(self.queue, (rank, next(self._tie_break), parcel))

    def ready_in(self, now: float) -> float:
        """Seconds until the shard accepts the oldest parcel."""
        self._fill(now)
        wire = self.queue[0][2].wire
        seconds = max(
            self._missing(wire, self._bytes, SHARD_BYTES),
            self._missing(1, self._records, SHARD_RECORDS),
        )
        return 0.0 if seconds < _AT_ONCE else seconds

    def take(self, now: float, *, size: float) -> Parcel | None:
        """The oldest parcel, if the shard accepts it now and it has at most `size` bytes."""
        if not self.queue or self.queue[0][2].wire > size:
            return None
        if self.ready_in(now):
            self._full_at = now
            return None
        _, _, parcel = heapq.heappop(self.queue)
        self._records -= 1
        self._bytes -= parcel.wire
        return parcel

    def give_up(self, is_given_up: Callable[[Parcel], bool]) -> Batch:
        """Remove the parcels to give up."""
        given_up = [parcel for _, _, parcel in self.queue if is_given_up(parcel)]
        self.queue = [entry for entry in self.queue if not is_given_up(entry[2])]
        heapq.heapify(self.queue)
        return given_up

    def is_full(self, now: float) -> bool:
        """Whether parcels had to wait for the shard recently."""
        return now - self._full_at <= OF_LATE

    def accepted(self, wire: int) -> None:
        """Record a parcel that the shard accepted."""
        self._since_cut[0] += 1 / SHARD_RECORDS
        self._since_cut[1] += wire / SHARD_BYTES
        self._recent[0] += 1
        self.patience.accepted()

    def refused(self, now: float, *, sent: float) -> None:
        """Record a parcel, sent at this time, for which the shard was full."""
        if sent <= self._cut_at:
            return  # It was sent before the last cut, and is the reason for it.
        self._forget(now)
        self._recent[1] += 1
        accepted, refused = self._recent
        if refused >= _STRAY * (accepted + refused):
            self._cut(now)

    def _missing(self, amount: float, level: float, limit: int) -> float:
        rate = limit * self.share
        # A parcel as large as the bucket needs a full one.
        return (min(amount + _RESERVE * rate, rate) - level) / rate

    def _fill(self, now: float) -> None:
        seconds = now - self._filled_at
        self._filled_at = now
        level = min(self._records / SHARD_RECORDS, self._bytes / SHARD_BYTES)
        # With a full bucket, the shard is not what parcels wait for.
        if self.queue and level < self.share:
            self._grow(seconds)
        records, size = SHARD_RECORDS * self.share, SHARD_BYTES * self.share
        self._records = min(self._records + seconds * records, records)
        self._bytes = min(self._bytes + seconds * size, size)

    def _grow(self, seconds: float) -> None:
        self._busy += seconds
        if self.share < _CAUTION * self._goal:
            self.share = min(self.share * (1 + 2 * seconds), self._goal)
        else:
            doublings = max(0.0, self._busy - _CALM) / _DOUBLING
            self.share += _GROWTH * 2.0 ** min(doublings, 20) * seconds

    def _forget(self, now: float) -> None:
        keep = 1 / (1 + (now - self._recent_at) / _MEMORY)
        self._recent_at = now
        self._recent = [count * keep for count in self._recent]

    def _cut(self, now: float) -> None:
        seconds = now - self._cut_at
        took = max(self._since_cut) / max(seconds, _RESERVE)
        accepted, refused = self._recent
        lately = accepted / (accepted + refused)
        if seconds >= _TRUSTED and took < _FAR * self.share:
            least = _COLLAPSE  # Other producers use a large part of it.
        else:
            least = min(max(lately, _COLLAPSE), _CAUTION)
        share = max(_CAUTION * took, least * self.share)
        self.share = max(min(self.share, share), _LEAST)
        if took and seconds >= _MEASURED:
            self._goal = self.share
        elif took:
            # In such a short time, most answers are still on their way back.
            self._goal *= _DOUBT
        self._records = self._bytes = 0.0
        self._filled_at = self._cut_at = self._full_at = now
        self._since_cut = [0.0, 0.0]
        self._recent = [0.0, 0.0]
        self._busy = 0.0
