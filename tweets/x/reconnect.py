"""How long to wait before the next attempt to connect, by X's documented rules.

X, "Handling disconnections": reconnect at once after an established connection drops; then back off
linearly for network errors, exponentially for HTTP errors, and exponentially from a minute for rate
limits. In any case, never connect more often than X, "Rate limits", allows.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from tweets.x.errors import NotX, XRefused, XUnreachable

NETWORK_STEP, NETWORK_LONGEST = 0.25, 16.0
HTTP_FIRST, HTTP_LONGEST = 5.0, 320.0
RATE_LIMIT_FIRST, RATE_LIMIT_LONGEST = 60.0, 900.0
"""Seconds; X counts requests in windows of 15 minutes."""
MOST_CONNECTS = 50
"""Connects in such a window."""

_WINDOW = 905.0  # seconds: X's window begins and ends with a whole second, by its clock
_STEADY = 1.0  # seconds
_MOST_REFUSALS = 5
"""Refusals in a row, in the middle of a run, that are taken as final."""


class Reconnect:
    """Counts the failures since the last steady connection and chooses the wait after each.

    `clock` is in seconds. Call `attempt` before each attempt to connect; the waits then keep all
    attempts within X's limit.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: deque[float] = deque(maxlen=MOST_CONNECTS)
        self.connected()

    def connected(self) -> None:
        """Reset all counts."""
        self._network = self._http = self._rate_limits = self._refusals = self._brief = 0

    def attempt(self) -> None:
        """Note an attempt to connect."""
        self._attempts.append(self._clock())

    def dropped(self, *, lived: float, lines: int) -> float:
        """Seconds to wait after a connection that lasted this long and brought this many lines.

        A steady connection resets all counts. After a first brief one, reconnect at once; after
        further ones, wait longer and longer: otherwise, a stream that ends at once would be
        connected hundreds of times a second.
        """
        if lived >= _STEADY and lines > 1:
            self.connected()
            return self.pause()
        self._brief += 1
        wait = min(NETWORK_STEP * (self._brief - (lines > 0)), NETWORK_LONGEST)
        return max(wait, self.pause())

    def gives_up(self, failure: XRefused | NotX | XUnreachable, *, was_connected: bool) -> bool:
        """Whether a failed attempt is final, and ends the run.

        X sometimes refuses for a moment what it has allowed for weeks.
        """
        if isinstance(failure, XUnreachable) or (was_connected and isinstance(failure, NotX)):
            return False
        if isinstance(failure, NotX) or failure.is_usage_cap:
            return True
        self._refusals = self._refusals + 1 if failure.is_lasting else 0
        return self._refusals >= (_MOST_REFUSALS if was_connected else 1)

    def after(self, failure: XRefused | NotX | XUnreachable, *, now: float) -> float:
        """Seconds to wait after a failed attempt; `now` is the UNIX time."""
        return max(self._backoff(failure, now), self.pause())

    def _backoff(self, failure: XRefused | NotX | XUnreachable, now: float) -> float:
        if isinstance(failure, XUnreachable):
            if self._attempts:
                self._attempts.pop()  # it didn't reach X
            self._network += 1
            return min(NETWORK_STEP * self._network, NETWORK_LONGEST)
        if isinstance(failure, XRefused) and failure.is_rate_limit:
            self._rate_limits += 1
            # 2 ** 10 already exceeds the longest wait.
            backoff = RATE_LIMIT_FIRST * 2.0 ** min(self._rate_limits - 1, 10)
            return min(max(backoff, (failure.reset or now) - now), RATE_LIMIT_LONGEST)
        self._http += 1
        return min(HTTP_FIRST * 2.0 ** min(self._http - 1, 10), HTTP_LONGEST)

    def pause(self) -> float:
        """The least seconds to wait, given the connects of the last 15 minutes.

        The second half of the connects that X allows is spread over the rest of the window.
        """
        now = self._clock()
        while self._attempts and now - self._attempts[0] >= _WINDOW:
            self._attempts.popleft()
        free = MOST_CONNECTS - len(self._attempts)
        if free > MOST_CONNECTS // 2:
            return 0.0
        return float(math.ceil((self._attempts[0] + _WINDOW - now) / max(1, free)))
