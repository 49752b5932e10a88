"""Computes how many whole units are billed for things of varying size."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
# Beyond this many units, rounding up costs half a unit on average, whatever the distribution.
_MANY = 60


@lru_cache(maxsize=1024)
def whole_units(mean: float, sigma: float, unit: float) -> float:
    """Average of ceil(size / unit), for sizes that are lognormal with this mean and sigma.

    Rounding up the average would be wrong: with an average of 1,000 bytes, four in ten items need a
    second KB.
    """
    if mean / unit > _MANY:
        return mean / unit + 0.5
    if sigma == 0:
        return math.ceil(mean / unit)
    middle = math.log(mean) - sigma**2 / 2
    total = 1.0
    for count in range(1, _MANY * 100):
        larger = _NORMAL.cdf((middle - math.log(count * unit)) / sigma)
        total += larger
        if larger < 1e-9 and count * unit > mean:
            break
    return total


def sigma_of_sum(sigma: float, count: int) -> float:
    """The sigma of the sum of `count` sizes, for a lognormal with the same variance."""
    return math.sqrt(math.log1p(math.expm1(sigma**2) / count))
