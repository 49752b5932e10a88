"""The distribution of partition keys over shards: all records of a key are in one shard.

Assumes that keys follow Zipf's law with a flattened head: the share of the k-th key is proportional
to 1 / (k + q), where q is chosen to give the first key the share that the user says.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from tweetpipe.plan.constants import KEYS


@lru_cache(maxsize=1024)
def flattening(largest: float) -> float:
    """The q that gives the first key this share, or 0 if no q does."""
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
    """The expected share of all records in the hottest of `shards` equal shards.

    That is the shard with the most frequent key, or one that gets many other frequent keys by
    chance.
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
