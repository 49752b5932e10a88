"""How many records may be on their way at once, so that a slow endpoint slows the producer.

An endpoint that works on each record for a while answers the later, the more it has in hand. Sent
all it can be sent, it answers after the timeout; what is then sent again adds to what it is still
working on, and in the end nothing gets through.

So what is on its way is kept to what is answered within about two seconds, by the means of TCP's
congestion control, with the time of the answers as the signal, as in TCP Vegas: a window that
starts small, grows while answers are quick, shrinks when they are late, and falls to its least when
none comes. Little's law says by how much: what was on its way, times the time wanted, divided by
the time taken.

Where answers take long whatever is sent, as over a slow line, sending less gains nothing. The time
taken with the least on its way shows that, and answers may then take twice as long.
"""

from __future__ import annotations

import math
from typing import NamedTuple

TARGET = 2.0
"""Seconds that an answer may take; Kinesis takes a few hundredths."""
LEAST = 16
"""Records: the window at the start, and after a call that was not answered."""

_GROWTH = 4.0
"""The most that one answer makes of the window: the first ones say little about larger calls."""
_AFTER_TIMEOUT = 3.0
_MOST_PATIENCE = 30.0
_OF_LATE = 5.0  # seconds


class Trip(NamedTuple):
    """A call on its way: with it, `load` records were.

    `patience` is how long to wait for its answer, in the client's own timeouts.
    """

    records: int
    load: int
    start: float
    patience: float


class Window:
    """The records that may be on their way, at most `calls` times `call_records`.

    Not thread-safe.
    """

    def __init__(self, *, call_records: int, calls: int) -> None:
        self._call_records = call_records
        # With two calls on their way, the endpoint has work while an answer travels.
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
        """The records a second that the endpoint takes, if that has limited the run of late."""
        limits = self._size < self._most and now - self._limited <= _OF_LATE
        return self._rate if limits else None

    def sent(self, records: int, now: float) -> Trip:
        """Book a call as on its way."""
        self._on_the_way += records
        expected = self._allowed * max(1.0, self._on_the_way / self._size)
        patience = (1.0 + expected) * _AFTER_TIMEOUT**self._timeouts
        return Trip(records, self._on_the_way, now, min(patience, _MOST_PATIENCE))

    def ended(self, trip: Trip, now: float, *, answered: bool, timed_out: bool) -> None:
        """Book the end of a call that was answered, timed out, or failed otherwise."""
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
        # A call sent before the window shrank says nothing about it as it is.
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
