"""Learns from Kinesis' answers which shard a hash key belongs to.

Each shard owns one range of hash keys. Each answer names the shard of a key, so keys between two
keys of a shard belong to it; keys between two shards' keys are assigned to the nearer shard until
it refuses them. Asking Kinesis for the ranges would take a permission that the producer doesn't
have.

A split or merged shard is replaced by shards with higher numbers: if two shards claim the same
keys, the newer one owns them.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from operator import attrgetter
from typing import NamedTuple


class _Span(NamedTuple):
    low: int
    high: int
    shard: str

    def away(self, key: int) -> int:
        """The distance of a key from the range."""
        return max(self.low - key, key - self.high, 0)


_LOW = attrgetter("low")


class Ranges:
    """The hash keys known to belong to each shard."""

    def __init__(self) -> None:
        self._spans: list[_Span] = []

    def shard_of(self, key: int, *, guess: bool) -> str | None:
        """The shard of the key; with `guess`, the one with the nearest known key."""
        after = bisect_right(self._spans, key, key=_LOW)
        near = self._spans[max(0, after - 1) : after + 1]
        if near and near[0].low <= key <= near[0].high:
            return near[0].shard
        return min(near, key=lambda span: span.away(key)).shard if near and guess else None

    def shards(self) -> set[str]:
        """The shards with known keys."""
        return {span.shard for span in self._spans}

    def learn(self, key: int, shard: str) -> bool:
        """Record that a key belongs to a shard; True if that is new."""
        after = bisect_right(self._spans, key, key=_LOW)
        if after and self._spans[after - 1].high >= key:
            holder = self._spans[after - 1].shard
            if holder == shard or _age(holder) > _age(shard):
                return False  # It is known, or the answer is older than what is known.
        own = [span for span in self._spans if span.shard == shard]
        low = min([key, *(span.low for span in own)])
        high = max([key, *(span.high for span in own)])
        gone = [
            span
            for span in self._spans
            if span.shard != shard and span.low <= high and span.high >= low
        ]
        if any(_age(span.shard) > _age(shard) for span in gone):
            return False  # What is known of the keys between is newer.
        self._spans = [span for span in self._spans if span not in own and span not in gone]
        insort(self._spans, _Span(low, high, shard))
        return True


def _age(shard: str) -> tuple[int, str]:
    return len(shard), shard
