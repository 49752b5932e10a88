"""Limits how many records are in flight, so that a slow endpoint slows down the producer.

An endpoint that needs time for each record answers later the more records are in flight. If it is
flooded, it answers after the timeout; the retries add to the work it still has, and in the end
nothing gets through.

So the records in flight are limited to what is answered within about two seconds, with a congestion
window as in TCP Vegas, which uses response times as its signal: the window starts small, grows
while answers are quick, shrinks when they are late, and drops to its minimum when none comes. By
Little's law, the new size is the number in flight, times the target time, divided by the time
taken.

If answers take long no matter how little is sent, as over a slow network, sending less gains
nothing. The time taken with the fewest records in flight shows this, and answers may then take
twice that long.
"""

from __future__ import annotations

import math
from typing import NamedTuple

TARGET = 2.0
"""The target time for an answer, in seconds; Kinesis takes a few hundredths."""
LEAST = 16
"""Records: the window at the start, and after a call that was not answered."""

_GROWTH = 4.0
"""The most that one answer may multiply the window by: early answers say little about larger calls.
"""
_AFTER_TIMEOUT = 3.0
_MOST_PATIENCE = 30.0
_OF_LATE = 5.0  # seconds


class Trip(NamedTuple):
    """A call in flight, together with `load` records in all.

    `patience` is how long to wait for its answer, as a multiple of the client's timeout.
    """

    records: int
    load: int
    start: float
    patience: float


class Window:
    """How many records may be in flight, at most `calls` times `call_records`.

    Not thread-safe.
    """

    def __init__(self, *, call_records: int, calls: int) -> None:
        self._call_records = call_records
        # With two calls in flight, the endpoint stays busy while an answer travels.
        self._calls = min(calls, 2)
        self._most = float(call_records * calls)
        self._least = min(float(LEAST), self._most)
        self._size = self._least
        self._on_the_way = 0
        self._unloaded = 0.0
        self._shrunk = -math.inf
        self._timeouts = 0
        self._rate: float | None = None
        self._limited = -math.inf

    @property
    def call_records(self) -> int:
        """How many records the next call may hold."""
        return min(self._call_records, max(1, int(self._size) // self._calls))

    @property
    def has_room(self) -> bool:
        """Whether the next call may be sent now."""
        return self._on_the_way + self.call_records <= self._size

    def rate(self, now: float) -> float | None:
        """The records a second that the endpoint accepts, if that limited the run recently."""
        limits = self._size < self._most and now - self._limited <= _OF_LATE
        return self._rate if limits else None

    def sent(self, records: int, now: float) -> Trip:
        """Record a call as in flight."""
        self._on_the_way += records
        expected = self._allowed * max(1.0, self._on_the_way / self._size)
        patience = (1.0 + expected) * _AFTER_TIMEOUT**self._timeouts
        return Trip(records, self._on_the_way, now, min(patience, _MOST_PATIENCE))

    def ended(self, trip: Trip, now: float, *, answered: bool, timed_out: bool) -> None:
        """Record the end of a call that was answered, timed out, or failed otherwise."""
        self._on_the_way -= trip.records
        taken = max(now - trip.start, 1e-6)
        if timed_out:
            self._timeouts = min(self._timeouts + 1, 10)
            self._shrink(self._least, now)
            return
        self._timeouts = 0
        if answered:
            self._learn(trip.load, taken, now)
        fitting = trip.load * self._allowed / taken
        # A call sent before the window shrank says nothing about its current size.
        if taken > self._allowed and trip.start >= self._shrunk:
            self._shrink(max(fitting, trip.load / 2, self._least), now)
        elif answered and taken <= self._allowed:
            self._size = max(self._size, min(fitting, _GROWTH * trip.load, self._most))

    def _learn(self, load: int, taken: float, now: float) -> None:
        self._unloaded = taken if load <= self._least else min(self._unloaded, taken)
        if load >= self._size / 2 and taken >= self._allowed / 2:
            self._limited = now
            rate = load / taken
            self._rate = rate if self._rate is None else 0.75 * self._rate + 0.25 * rate

    @property
    def _allowed(self) -> float:
        return max(TARGET, 2 * self._unloaded)

    def _shrink(self, size: float, now: float) -> None:
        self._size = min(self._size, size)
        self._shrunk = now
