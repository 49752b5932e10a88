"""How hash keys are divided among shards, and how shards are split and merged."""

from __future__ import annotations

from collections.abc import Callable

from .errors import HashKeyError, ShardClosedError, ShardsNotAdjacentError
from .shard import MAX_HASH_KEY, Shard

Replace = Callable[[list[Shard], list[tuple[int, int]]], list[Shard]]
"""Closes shards and opens their children with these ranges of hash keys."""


def even_ranges(count: int) -> list[tuple[int, int]]:
    """All hash keys in `count` ranges, divided as on AWS."""
    step = (MAX_HASH_KEY + 1) // count
    starts = [i * step for i in range(count)]
    ends = [start - 1 for start in starts[1:]]
    return list(zip(starts, [*ends, MAX_HASH_KEY], strict=True))


def split(shard: Shard, at: int, replace: Replace) -> None:
    """Split a shard: hash keys from `at` on go to the second child.

    As on AWS, `at` must be at least 2 above the shard's start, and below its end.
    """
    if shard.is_closed:
        raise ShardClosedError(shard.id)
    if not shard.start + 1 < at < shard.end:
        raise HashKeyError(at)
    replace([shard], [(shard.start, at - 1), (at, shard.end)])


def merge(first: Shard, second: Shard, replace: Replace) -> None:
    """Merge two adjacent shards; `first` becomes the first parent."""
    for shard in (first, second):
        if shard.is_closed:
            raise ShardClosedError(shard.id)
    if first.end + 1 != second.start and second.end + 1 != first.start:
        raise ShardsNotAdjacentError(first.id, second.id)
    _merge(first, second, replace)


def resize(shards: list[Shard], count: int, replace: Replace) -> None:
    """Turn the open shards, which are ordered by hash key, into `count` even ones.

    Each is first split where the new ones meet; then the pieces within each new one are merged.
    """
    starts = [start for start, _ in even_ranges(count)]
    pieces: list[Shard] = []
    for shard in shards:
        pieces += _cut(shard, [at for at in starts if shard.start < at <= shard.end], replace)
    for start, end in even_ranges(count):
        _join([piece for piece in pieces if start <= piece.start <= end], replace)


def _cut(shard: Shard, places: list[int], replace: Replace) -> list[Shard]:
    """Split a shard at all places, from the middle outward so that there are few generations."""
    if not places:
        return [shard]
    middle = len(places) // 2
    at = places[middle]
    low, high = replace([shard], [(shard.start, at - 1), (at, shard.end)])
    return [*_cut(low, places[:middle], replace), *_cut(high, places[middle + 1 :], replace)]


def _join(shards: list[Shard], replace: Replace) -> None:
    while len(shards) > 1:
        pairs = zip(shards[::2], shards[1::2], strict=False)
        merged = [_merge(low, high, replace) for low, high in pairs]
        shards = merged + shards[len(merged) * 2 :]


def _merge(first: Shard, second: Shard, replace: Replace) -> Shard:
    whole = min(first.start, second.start), max(first.end, second.end)
    return replace([first, second], [whole])[0]
