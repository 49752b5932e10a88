"""A clock for the tests of streams."""

from __future__ import annotations

NOON = 1_800_000_000.0


class Clock:
    """Stands still until a test sets `now`."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now
