"""Limits how much is sent before it is known whether shards are full.

Until a record is refused, it is unknown whether the stream has limits: an emulator has none. A
stream with limits would refuse call after call if everything were sent at once. So the sender first
sends most of what the known shards may have saved up, then what they accept by AWS's limits. Beyond
that it sends a little at first, and doubles that with each fully accepted call. Once the extra
exceeds the size of any call, the limit is dropped for good.
"""

from __future__ import annotations

import math

from producer.sending.shard import OF_LATE, SHARD_BYTES, SHARD_RECORDS

_AT_ONCE = 0.6
_FIRST = 0.03
_FACTOR = 2.0
_PROVEN = 16.0
_LEAST = 0.02


class Allowance:
    """Counts in seconds of one shard's capacity. Not thread-safe."""

    def __init__(self, now: float) -> None:
        self.shards: set[str] = set()
        self._saved = _AT_ONCE
        self._saved_at = now
        self._beyond = _FIRST
        self._on_the_way = 0.0
        self._was_refused = False
        self._held_up_at = -math.inf

    @property
    def known(self) -> int:
        """The number of shards known so far."""
        return max(1, len(self.shards))

    @property
    def is_proven(self) -> bool:
        """Whether more was accepted than the limits would allow."""
        return self._beyond >= _PROVEN

    def left(self, now: float) -> float:
        """How much may be sent now."""
        if self.is_proven:
            return math.inf
        shards = self.known
        self._saved = min(self._saved + shards * (now - self._saved_at), shards)
        self._saved_at = now
        left = max(self._saved, shards * self._beyond - self._on_the_way)
        if left >= _LEAST * shards:
            return left
        if self._was_refused:
            self._held_up_at = now
        return 0.0

    def holds_up(self, now: float) -> bool:
        """Whether parcels had to wait recently because a shard was full."""
        return now - self._held_up_at <= OF_LATE

    def sent(self, cost: float) -> float:
        """Record what was sent; return how much of it may exceed AWS's limits, or 0."""
        beyond = self._beyond if cost > 2 * self._saved else 0.0
        self._saved = max(0.0, self._saved - cost)
        self._on_the_way += cost if beyond else 0.0
        return beyond

    def ended(self, cost: float, *, beyond: float, accepted: bool) -> None:
        """Record the end of a call, and whether everything in it was accepted."""
        self._on_the_way -= cost if beyond else 0.0
        # Calls that were in flight together prove no more than one of them.
        if accepted and beyond == self._beyond:
            self._beyond *= _FACTOR

    def refused(self) -> None:
        """Record that a shard was full."""
        self._beyond, self._saved = _FIRST, 0.0
        self._was_refused = True

    def found(self, shards: set[str]) -> None:
        """Record the shards that accepted something; each new one adds its saved-up capacity."""
        before = self.known
        self.shards |= shards
        self._saved += _AT_ONCE * (self.known - before)


def cost_of(*, parcels: int, wire: int) -> float:
    """How many seconds one shard needs to accept this many parcels and bytes."""
    return max(parcels / SHARD_RECORDS, wire / SHARD_BYTES)
