"""Decides when to stop waiting for progress."""

from __future__ import annotations

import math

from producer.sending.batches import Parcel


class Patience:
    """Starts at the first refusal, is reset by progress, and runs out after `limit` seconds.

    Then it starts over, so that later parcels wait as long.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._since: float | None = None
        self._over_at = -math.inf

    def accepted(self) -> None:
        """Record progress."""
        self._since, self._over_at = None, -math.inf

    def is_over(self, now: float, *, sent: float) -> bool:
        """Record a refusal of a parcel sent at this time; True means give it up."""
        if self._since is None:
            # Parcels in flight when the time ran out have waited as long.
            if sent <= self._over_at:
                return True
            self._since = now
        if now - self._since < self.limit:
            return False
        self._since, self._over_at = None, now
        return True

    def covers(self, parcel: Parcel, now: float) -> bool:
        """Whether a waiting parcel must be given up together with what was just given up."""
        return parcel.attempts > 0 or 0 < self.limit <= now - parcel.since
