"""Partition keys over shards: the records of one key are always in one shard.

Keys are taken to follow Zipf's law with a flattened head: the k-th has a share that goes with
1 / (k + q), and q makes the first one's what the user says it is.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from tweetpipe.plan.constants import KEYS


@lru_cache(maxsize=1024)
def flattening(largest: float) -> float:
    """The q that gives the first key this share; 0 if they can't be steep enough."""
    low, high = 0.0, float(KEYS)
    if _first_share(low) <= largest:
        return low
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _first_share(middle) > largest else (low, middle)
    return low


def _first_share(q: float) -> float:
    return 1 / ((1 + q) * math.log((KEYS + q + 0.5) / (q + 0.5)))


def hottest_shard(largest: float, shards: int) -> float:
    """The share of all records that the fullest of `shards` equal shards must be expected to get.

    Either the one with the largest key, or the one where chance gathers many other large ones.
    """
    if shards == 1:
        return 1.0
    even = 1 / shards
    if largest == 0:
        return even
    rest = 1 - largest
    q = flattening(largest)
    weight = rest / math.log((KEYS + q + 0.5) / (1.5 + q))
    squares = weight**2 / (1.5 + q)  # the sum of the squared shares of all but the first
    deviation = math.sqrt(squares * even * (1 - even))
    extreme = NormalDist().inv_cdf(shards / (shards + 1))
    return min(1.0, max(largest + rest * even, even + extreme * deviation))
