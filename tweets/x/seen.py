"""X's clock, and up to when by it the stream has given all."""

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
"""Seconds: a post that came so late says nothing of when the stream was sent."""


class XClock:
    """UNIX time as X has it: by what X has said with its answers, so never later than it is there.

    A clock here may be wrong, jump, or have stood still while the machine slept.
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
        """The time there; what this machine's own clock says, as long as X has said nothing."""
        return self._guess() if self._ahead is None else self._clock() + self._ahead

    def heard(self, date: float | None) -> None:
        """Note the date of an answer that has just come."""
        if date is not None:
            ahead = date - self._clock()
            self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)


class Seen:
    """The time, by X's clock, before which the stream has given all but what it gives late.

    It follows from what came, and not from when: lines may have waited here to be read. `heartbeat`
    is in seconds.
    """

    def __init__(self, clock: XClock, *, heartbeat: float, at: float | None) -> None:
        self._clock = clock
        self._heartbeat = heartbeat
        self._at = at
        self._beats = 0
        self._since: float | None = None
        self._waits = False  # for what X sends again to be over
        self.last_id = ""
        self.backfills = False

    @property
    def at(self) -> float | None:
        """None if nothing is owed from before the next connect."""
        if self._at is None:
            return None
        # The first may have come at any time after the line before.
        beats = max(0, self._beats - 1) * self._heartbeat
        return self._at if not beats else max(self._at, min(self._at + beats, self._clock.now()))

    def connected(self, date: float, *, backfilling: bool) -> None:
        """A stream begins, with what X sends again if it is `backfilling`."""
        self._beats = 0
        self._since = date
        self.backfills = False
        self._waits = backfilling
        if not backfilling or self._at is None:
            self._at = date

    def heard_of(self, id_: str | None) -> None:
        """A post came."""
        posted = time_of(id_)
        at = self.at
        if at is None or self._since is None:
            return
        if posted is None or posted < at - _OLD:
            # It may have waited here for long, as what came after it may still do.
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
        """An empty line came, as it does when nothing else does."""
        if self._waits and self._since is not None:
            self._waits, self._at = False, self._since
        self._beats += 1


class RecentIds:
    """The posts that came last; any thread may ask."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def is_new(self, id_: str) -> bool:
        """Whether it is the first time that this is asked, of late."""
        with self._lock:
            if id_ in self._ids:
                return False
            self._ids[id_] = None
            if len(self._ids) > _REMEMBERED:
                self._ids.popitem(last=False)
            return True


def time_of(id_: str | None) -> float | None:
    """When the post was made, as UNIX time; None if its id does not tell."""
    if id_ is None or not (id_.isascii() and id_.isdecimal()) or len(id_) > 19:
        return None
    return ((int(id_) >> _ID_BITS) + _EPOCH_MS) / 1000
