"""How long to wait before a retry."""

from __future__ import annotations

FIRST_BACKOFF = 0.1
LONGEST_BACKOFF = 5.0
"""Seconds: the ceiling after the first failure, and the one it doubles up to."""
LONGEST_FOR_SHARD = 1.0
"""Seconds: the same for a full shard. It accepts more each second, so a longer wait leaves it idle.
"""


def backoff(attempts: int, share: float, longest: float) -> float:
    """Seconds to wait after `attempts` failures: a random share, 0 to 1, of a growing ceiling."""
    # 2 ** 10 already exceeds the longest wait; the power of a large count would overflow a float.
    return share * min(longest, FIRST_BACKOFF * 2.0 ** min(attempts - 1, 10))
