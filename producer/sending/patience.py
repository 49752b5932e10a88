"""When waiting for progress has taken long enough."""

from __future__ import annotations

import math

from producer.sending.batches import Parcel


class Patience:
    """Runs from the first refusal on while nothing is accepted, and is over after `limit` seconds.

    Then it begins anew, so that what comes later is waited for as long.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._since: float | None = None
        self._over_at = -math.inf

    def accepted(self) -> None:
        """Book progress."""
        self._since, self._over_at = None, -math.inf

    def is_over(self, now: float, *, sent: float) -> bool:
        """Book a refusal of what was sent at a time; True gives it up."""
        if self._since is None:
            # What was on its way while patience ended has waited as long.
            if sent <= self._over_at:
                return True
            self._since = now
        if now - self._since < self.limit:
            return False
        self._since, self._over_at = None, now
        return True

    def covers(self, parcel: Parcel, now: float) -> bool:
        """Whether a parcel that waits shares the fate of what was just given up."""
        return parcel.attempts > 0 or 0 < self.limit <= now - parcel.since
