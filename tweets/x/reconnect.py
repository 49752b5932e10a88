"""How long to wait before the next attempt to connect, by X's documented rules.

X, "Handling disconnections": after an established connection drops, at once; then by what fails:
the network linearly, HTTP errors exponentially, rate limits exponentially from a minute on.
"""

from __future__ import annotations

from tweets.x.errors import NotX, XRefused, XUnreachable

NETWORK_STEP, NETWORK_LONGEST = 0.25, 16.0
HTTP_FIRST, HTTP_LONGEST = 5.0, 320.0
RATE_LIMIT_FIRST, RATE_LIMIT_LONGEST = 60.0, 900.0
"""Seconds; X counts requests in windows of 15 minutes."""

_STEADY = 1.0  # seconds
_MOST_REFUSALS = 5
"""In a row, until a refusal is believed that came in the middle of a run."""


class Reconnect:
    """Counts the failures since the last steady connection and knows what each means."""

    def __init__(self) -> None:
        self.connected()

    def connected(self) -> None:
        """Start anew."""
        self._network = self._http = self._rate_limits = self._refusals = self._brief = 0

    def dropped(self, *, lived: float, lines: int) -> float:
        """Seconds to wait after a connection that lived so long and brought so many lines.

        One that was steady makes all start anew. After a brief one, X is called at once too, but
        after the next brief one later and later: a stream that ends at once would be connected
        hundreds of times a second, and X allows 50 times in 15 minutes.
        """
        if lived >= _STEADY and lines > 1:
            self.connected()
            return 0.0
        self._brief += 1
        return min(NETWORK_STEP * (self._brief - (lines > 0)), NETWORK_LONGEST)

    def gives_up(self, failure: XRefused | NotX | XUnreachable, *, was_connected: bool) -> bool:
        """Whether to believe a failed attempt, and end the run.

        X refuses now and then what it has allowed for weeks, for a moment.
        """
        if isinstance(failure, XUnreachable) or (was_connected and isinstance(failure, NotX)):
            return False
        if isinstance(failure, NotX) or failure.is_usage_cap:
            return True
        self._refusals = self._refusals + 1 if failure.is_lasting else 0
        return self._refusals >= (_MOST_REFUSALS if was_connected else 1)

    def after(self, failure: XRefused | NotX | XUnreachable, *, now: float) -> float:
        """Seconds to wait after a failed attempt; `now` is the UNIX time."""
        if isinstance(failure, XUnreachable):
            self._network += 1
            return min(NETWORK_STEP * self._network, NETWORK_LONGEST)
        if isinstance(failure, XRefused) and failure.is_rate_limit:
            self._rate_limits += 1
            # 2 ** 10 is past the longest already.
            backoff = RATE_LIMIT_FIRST * 2.0 ** min(self._rate_limits - 1, 10)
            return min(max(backoff, (failure.reset or now) - now), RATE_LIMIT_LONGEST)
        self._http += 1
        return min(HTTP_FIRST * 2.0 ** min(self._http - 1, 10), HTTP_LONGEST)
