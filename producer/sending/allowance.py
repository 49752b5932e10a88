"""How much may be sent before it is known whether shards are full.

As long as nothing was refused, nobody knows whether the stream has limits: an emulator has none.
One that has would refuse call after call, were all sent at once. So most of what the shards that
are known may have saved up is sent at once, and then what they take by AWS's limits. Beyond that
goes little at first, and twice as much with each answer that accepts all. When that would be
more than any call, it is left alone for good.
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
    """Counts in seconds of what one shard takes. Not thread-safe."""

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
        """How many shards there are, as far as is known."""
        return max(1, len(self.shards))

    @property
    def is_proven(self) -> bool:
        """Whether more was accepted than limits would let through."""
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
        """Whether parcels had to wait of late, since a shard was full once."""
        return now - self._held_up_at <= OF_LATE

    def sent(self, cost: float) -> float:
        """Book what was sent; how much may go beyond AWS's limits, if this does, and else 0."""
        beyond = self._beyond if cost > 2 * self._saved else 0.0
        self._saved = max(0.0, self._saved - cost)
        self._on_the_way += cost if beyond else 0.0
        return beyond

    def ended(self, cost: float, *, beyond: float, accepted: bool) -> None:
        """Book the end of a call, and whether all that it held was accepted."""
        self._on_the_way -= cost if beyond else 0.0
        # Calls that were under way together prove no more than one of them.
        if accepted and beyond == self._beyond:
            self._beyond *= _FACTOR

    def refused(self) -> None:
        """Book that a shard was full."""
        self._beyond, self._saved = _FIRST, 0.0
        self._was_refused = True

    def found(self, shards: set[str]) -> None:
        """Book the shards that have accepted something; each new one has saved up as well."""
        before = self.known
        self.shards |= shards
        self._saved += _AT_ONCE * (self.known - before)


def cost_of(*, parcels: int, wire: int) -> float:
    """How many seconds one shard takes for so many parcels with so many bytes."""
    return max(parcels / SHARD_RECORDS, wire / SHARD_BYTES)
