"""Limits the requests to an endpoint in 15 minutes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

WINDOW_S = 900

Endpoint = Literal[
    "stream",
    "rules_get",
    "rules_post",
    "token",
    "usage",
    "compliance",
    "lookup",
    "search",
    "connection_calls",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Requests per 15 minutes, rules of an App and their characters, and posts in a month.

    `connections` is the number of simultaneous readers, `backfill` the minutes that a connect may
    request. The defaults are those of pay-per-use.
    """

    stream: int = 50
    rules_get: int = 450
    rules_post: int = 100
    token: int = 450
    usage: int = 50
    compliance: int = 150
    lookup: int = 3500
    search: int = 450
    connection_calls: int = 25
    rules: int = 1000
    rule_length: int = 1024
    posts: int = 3_000_000
    connections: int = 1
    backfill: int = 0


ENTERPRISE = Limits(rules=25_000, rule_length=2048, posts=100_000_000, backfill=5)
"""The limits of each access level, as far as X documents them."""


class RateWindow:
    """The requests of one endpoint; its 15 minutes begin with the first of them."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self.used = 0
        self._reset = -math.inf

    def take(self) -> bool:
        """Count a request; False if the limit is exceeded."""
        now = self._clock()
        if now >= self._reset:
            self.used, self._reset = 0, math.ceil(now + WINDOW_S)
        self.used += 1
        return self.used <= self._limit

    def headers(self) -> dict[str, str]:
        """The rate limit headers in every answer; the reset is UNIX time in seconds."""
        reset = self._reset if math.isfinite(self._reset) else self._clock() + WINDOW_S
        return {
            "x-rate-limit-limit": str(self._limit),
            "x-rate-limit-remaining": str(max(0, self._limit - self.used)),
            "x-rate-limit-reset": str(math.ceil(reset)),
        }
