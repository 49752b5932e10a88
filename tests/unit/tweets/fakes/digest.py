"""A digest of tweets, to compare processes."""

from __future__ import annotations

import hashlib

from tweets.fakes import FakeTweets


def digest(seed: int, count: int) -> str:
    """A hash of the first tweets of a seed."""
    fakes = FakeTweets(seed)
    return hashlib.sha256(b"\n".join(fakes.record(i).data for i in range(count))).hexdigest()
