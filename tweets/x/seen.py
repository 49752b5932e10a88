"""X's clock, and the time by it up to which the stream has delivered everything."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from tweets.x.gaps import LATE

_EPOCH_MS = 1_288_834_974_657
_ID_BITS = 22
"""An id's upper bits are milliseconds since X's own epoch: https://docs.x.com/resources/fundamentals/x-ids"""

_REMEMBERED = 10_000
_OLD = 600.0
"""Seconds: a post this late says nothing about when the stream was sent."""


class XClock:
    """UNIX time by X's clock: taken from the dates of X's answers, so never ahead of X.

    The local clock may be wrong, jump, or have stopped while the machine slept.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        guess: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._guess = guess
        self._ahead: float | None = None

    def now(self) -> float:
        """The time at X; this machine's time until X has sent a date."""
        return self._guess() if self._ahead is None else self._clock() + self._ahead

    def heard(self, date: float | None) -> None:
        """Note the date of an answer that just arrived."""
        if date is not None:
            ahead = date - self._clock()
            self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)


class Seen:
    """The time, by X's clock, before which the stream has delivered everything but late posts.

    It is derived from the content of lines, not from when they were read: they may have waited.
    `heartbeat` is in seconds.
    """

    def __init__(self, clock: XClock, *, heartbeat: float, at: float | None) -> None:
        self._clock = clock
        self._heartbeat = heartbeat
        self._at = at
        self._beats = 0
        self._since: float | None = None
        self._waits = False  # until X has resent everything
        self.last_id = ""
        self.backfills = False

    @property
    def at(self) -> float | None:
        """None if nothing from before the next connect is missing."""
        if self._at is None:
            return None
        # The first post may have come at any time after the previous line.
        beats = max(0, self._beats - 1) * self._heartbeat
        return self._at if not beats else max(self._at, min(self._at + beats, self._clock.now()))

    def connected(self, date: float, *, backfilling: bool) -> None:
        """Note that a stream begins, with a backfill if it is `backfilling`."""
        self._beats = 0
        self._since = date
        self.backfills = False
        self._waits = backfilling
        if not backfilling or self._at is None:
            self._at = date

    def heard_of(self, id_: str | None) -> None:
        """Note a post."""
        posted = time_of(id_)
        at = self.at
        if at is None or self._since is None:
            return
        if posted is None or posted < at - _OLD:
            # It may have waited here for long, and what came after it may still be waiting.
            posted = at + self._heartbeat
        if self._waits:
            if posted < self._since - LATE:
                self.backfills = True
            if posted < self._since:
                return
            self._waits = False
            at = self._since
        self._beats = 0
        self._at = max(at, min(posted, self._clock.now()))
        if id_ is not None:
            self.last_id = id_

    def heard_nothing(self) -> None:
        """Note a heartbeat: an empty line, sent when there is nothing else."""
        if self._waits and self._since is not None:
            self._waits, self._at = False, self._since
        self._beats += 1


class RecentIds:
    """The latest posts; thread-safe."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def is_new(self, id_: str) -> bool:
        """Whether this id was not asked about recently."""
        with self._lock:
            if id_ in self._ids:
                return False
            self._ids[id_] = None
            if len(self._ids) > _REMEMBERED:
                self._ids.popitem(last=False)
            return True


def time_of(id_: str | None) -> float | None:
    """The creation time of a post, as UNIX time; None if its id does not contain it."""
    if id_ is None or not (id_.isascii() and id_.isdecimal()) or len(id_) > 19:
        return None
    return ((int(id_) >> _ID_BITS) + _EPOCH_MS) / 1000
