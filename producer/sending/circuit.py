"""Sends little while calls fail as a whole, to spare an endpoint that is down."""

from __future__ import annotations

from producer.sending.backoff import LONGEST_BACKOFF, backoff

PROBE = 4
"""The most parcels in a trial call; one call at a time, until an answer comes."""
_OPENS_AFTER = 3  # calls in a row


class Circuit:
    """Counts calls that failed as a whole in a row. Not thread-safe."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether only a trial call may be made."""
        return self._failures >= _OPENS_AFTER

    def ready_in(self, now: float) -> float:
        """Seconds until a call may be made."""
        return max(0.0, self._until - now) if self.is_open else 0.0

    def failed(self, now: float, *, share: float) -> float:
        """Record a failed call; return when its records are due again."""
        self._failures += 1
        wait = backoff(self._failures, share, LONGEST_BACKOFF)
        self._until = now + wait
        return self._until

    def answered(self) -> None:
        """Record an answer."""
        self._failures = 0
