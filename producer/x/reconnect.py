"""How long to wait before the next attempt to connect, by X's documented rules.

X, "Handling disconnections": after an established connection drops, at once; then by what fails:
the network linearly, HTTP errors exponentially, rate limits exponentially from a minute on.
"""

from __future__ import annotations

from producer.x.errors import XRefused, XUnreachable

NETWORK_STEP, NETWORK_LONGEST = 0.25, 16.0
HTTP_FIRST, HTTP_LONGEST = 5.0, 320.0
RATE_LIMIT_FIRST = 60.0
"""Seconds."""


class Reconnect:
    """Counts the failures since the last connection and knows what each means."""

    def __init__(self) -> None:
        self._network = self._http = self._rate_limits = 0

    def connected(self) -> None:
        """The stream has delivered something: what comes next starts anew."""
        self._network = self._http = self._rate_limits = 0

    def after(self, failure: XRefused | XUnreachable, *, now: float) -> float:
        """Seconds to wait after a failed attempt; `now` is the UNIX time."""
        if isinstance(failure, XUnreachable):
            self._network += 1
            return min(NETWORK_STEP * self._network, NETWORK_LONGEST)
        if failure.is_rate_limit:
            self._rate_limits += 1
            backoff = RATE_LIMIT_FIRST * 2.0 ** (self._rate_limits - 1)
            return max(backoff, (failure.reset or now) - now)
        self._http += 1
        return min(HTTP_FIRST * 2.0 ** min(self._http - 1, 10), HTTP_LONGEST)
