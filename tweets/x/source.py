"""The stream, reconnected until told to finish."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from producer.outgoing import OutgoingRecord
from tweets.messages import Message, Notice, Post, Problem, Rubbish, message_of
from tweets.x.api import Connection, Rule, XApi
from tweets.x.connections import make_room
from tweets.x.counts import Counts
from tweets.x.errors import Dropped, NotX, XRefused, XUnreachable
from tweets.x.gaps import LATE
from tweets.x.lines import lines_of
from tweets.x.reconnect import Reconnect
from tweets.x.rules import is_ours, name_of
from tweets.x.seen import RecentIds, Seen, XClock
from tweets.x.spending import Allowance

_MOST_BACKFILL = 5
"""Minutes, X, "Recovery and redundancy"."""
_BY_THE_SECOND = 2.0
"""How many seconds the date in X's answer may be behind its clock, plus one."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The stream is open since `at`; posts until `missed_until` may have been missed.

    Unless the stream `backfills` them.
    """

    at: float
    missed_until: float
    backfills: bool


class XStream:
    """Posts that match `rules`, each once, until `finish` or a limit; one thread may iterate it.

    Yields Connected after each connect, and None for a line that is not a post of ours. `ids` are
    those already received, `connected` is when an earlier run last connected, and `backfill` is
    whether X resends the last minutes, None if not known yet.

    `wait` waits for some seconds or until told to finish, `now` is the UNIX time. `on_event` gets a
    text about each interruption, `on_change` gets each message about changed posts. It ends when
    the `allowance` is used up. Raises XError when X refuses for good, and SpendingError.
    """

    def __init__(
        self,
        api: XApi,
        rules: Iterable[Rule],
        *,
        seen: Seen | None = None,
        x_clock: XClock | None = None,
        ids: RecentIds | None = None,
        connected: float | None = None,
        backfill: bool | None = False,
        max_posts: int | None = None,
        max_seconds: float | None = None,
        allowance: Allowance | None = None,
        on_event: Callable[[str], None] = lambda _: None,
        on_change: Callable[[bytes], None] = lambda _: None,
        wait: Callable[[float], object] | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts = Counts()
        self.at_limit = False
        self.backfill = backfill
        self.x_clock = x_clock or XClock()
        self.seen = seen or Seen(self.x_clock, heartbeat=0.0, at=None)
        self._api = api
        self._names = {rule.id: name_of(rule) for rule in rules}
        self.counts.by_rule.update(dict.fromkeys(self._names.values(), 0))
        self._allowance = allowance
        # Posts counted in advance that have not come: one while connected, negative if more came at
        # the end.
        self._in_hand = 0
        self._max_posts = max_posts
        self._max_seconds = max_seconds
        self._on_event = on_event
        self._on_change = on_change
        self._finished = threading.Event()
        self._wait = wait or self._finished.wait
        self._now = now
        self._clock = clock
        self._reconnect = Reconnect(clock)
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._ids = ids or RecentIds()
        self._connected = connected
        self._made_room, self._doubted_for, self._forbidden = False, 0, 0
        self._happened = Connected(0.0, 0.0, False)

    def finish(self) -> None:
        """End the iteration after what was read, from another thread."""
        with self._lock:
            self._finished.set()
            if self._connection is not None:
                self._connection.end()

    @property
    def finished(self) -> threading.Event:
        """Set once the iteration must end."""
        return self._finished

    def reach_limit(self) -> None:
        """Finish because everything requested was read."""
        self.at_limit = True
        self.finish()

    def __iter__(self) -> Iterator[OutgoingRecord | Connected | None]:
        timer: threading.Timer | None = None
        if self._max_seconds is not None:
            timer = threading.Timer(self._max_seconds, self.reach_limit)
            timer.daemon = True
            timer.start()
        try:
            while not self._finished.is_set():
                connection = self._connect()
                if connection is not None:
                    yield from self._posts(connection)
        finally:
            self.finish()
            if timer is not None:
                timer.cancel()
            if self._allowance is not None:
                self._allowance.settle(self._in_hand)

    def _connect(self) -> Connection | None:
        """The open stream, or None after a failed attempt and the wait for it."""
        if not self._may_read_another():
            return None
        self._reconnect.attempt()
        minutes = 0 if self._doubted_for else self._minutes_missed()
        try:
            connection = self._api.connect(backfill_minutes=minutes)
        except (XRefused, NotX, XUnreachable) as failure:
            if minutes and isinstance(failure, XRefused) and failure.status in (400, 403):
                # If X refuses the backfill, it will open the stream without it.
                self._doubted_for = failure.status
                self._call_again()
                return None
            if isinstance(failure, XRefused) and failure.is_taken and self._makes_room():
                self._call_again()
                return None
            if self._reconnect.gives_up(failure, was_connected=self.counts.connections > 0):
                raise
            self._back_off(failure)
            return None
        with self._lock:
            self._connection = connection
            if self._finished.is_set():
                connection.end()
        self.counts.connections += 1
        self._opened(connection, minutes)
        return connection

    def _minutes_missed(self) -> int:
        """How many minutes to request again, 0 if a backfill can't cover the gap."""
        at = self.seen.at
        if self.backfill is False or at is None:
            return 0
        minutes = math.ceil((self.x_clock.now() + _BY_THE_SECOND - (at - LATE)) / 60)
        return minutes if minutes <= _MOST_BACKFILL else 0

    def _opened(self, connection: Connection, minutes: int) -> None:
        # X sometimes answers 403 to a valid request: one may have had another reason.
        self._forbidden = 0 if minutes else self._forbidden + (self._doubted_for == 403)
        if self._doubted_for == 400 or self._forbidden > 1:
            self.backfill = False
        self._made_room, self._doubted_for = False, 0
        self.x_clock.heard(connection.date)
        at = self.x_clock.now() if connection.date is None else connection.date
        until = at + _BY_THE_SECOND
        # Until a backfill was seen once, X may be ignoring the request.
        is_sure = self.backfill is True and self.seen.at is not None
        backfills = is_sure and until - (self.seen.at or 0.0) + LATE <= 60 * minutes
        self._connected = at
        self._happened = Connected(at, until, backfills)
        self.seen.connected(at, backfilling=minutes > 0)

    def _makes_room(self) -> bool:
        if self._made_room:
            return False
        self._made_room = True
        return make_room(self._api, connected=self._connected, on_event=self._on_event)

    def _call_again(self) -> None:
        """Wait as long as X's limit requires."""
        if seconds := self._reconnect.pause():
            self._wait(seconds)

    def _back_off(self, failure: XRefused | NotX | XUnreachable) -> None:
        self._wait_for_next(str(failure), self._reconnect.after(failure, now=self._now()))

    def _wait_for_next(self, what_happened: str, seconds: float) -> None:
        if not seconds:
            self._on_event(f"{what_happened}. Reconnecting now.")
            return
        self._on_event(f"{what_happened}. Reconnecting in {seconds:g} s.")
        self._wait(seconds)

    def _posts(self, connection: Connection) -> Iterator[OutgoingRecord | Connected | None]:
        begun, lines = self._clock(), 0
        reason = ""
        try:
            yield self._happened
            for line in lines_of(connection):
                message = message_of(line) if line else None
                # A line that is not JSON is not a heartbeat.
                lines += not isinstance(message, Rubbish)
                if message is None:
                    self.seen.heard_nothing()
                    yield None
                    continue
                if isinstance(message, Post | Notice) and message.change:
                    self._on_change(message.change)
                if isinstance(message, Post):
                    self._in_hand -= 1
                    if self._is_enough():
                        self.counts.unread += 1
                        continue
                    record = self._new_record(message)
                    # Count the next post before returning this one.
                    goes_on = self._may_read_another()
                    yield record
                    if not goes_on:
                        # X charges for what it has already sent, so read it.
                        connection.end()
                else:
                    self._note(message)
                    if isinstance(message, Problem) and message.is_disconnect:
                        reason = message.detail.rstrip(".")
                        connection.end()
        except Dropped as dropped:
            if not self._finished.is_set():
                seconds = self._reconnect.dropped(lived=self._clock() - begun, lines=lines)
                self._wait_for_next(f"Disconnected ({reason or dropped})", seconds)
        finally:
            connection.close()

    def _may_read_another(self) -> bool:
        """Whether one more post is allowed; if not, finish."""
        if self._is_enough():
            self.at_limit = True
            self._finished.set()
            return False
        if self._allowance is None or self._in_hand > 0 or self._finished.is_set():
            return True
        self._in_hand += self._allowance.take()
        if self._in_hand < 1:
            self.counts.limit_reached = True
            self._finished.set()
            return False
        return True

    def _is_enough(self) -> bool:
        return self._max_posts is not None and self.counts.paid >= self._max_posts

    def _note(self, message: Message) -> None:
        if isinstance(message, Problem):
            self.counts.errors += 1
            if not message.is_disconnect:
                self._on_event(f"X says: {message.detail}")
        elif isinstance(message, Rubbish):
            # The last line was truncated when the connection broke.
            self.counts.rubbish += not self._finished.is_set()
        elif isinstance(message, Notice):
            self.counts.notices[message.name] += 1
        else:
            self.counts.unknown += 1

    def _new_record(self, post: Post) -> OutgoingRecord | None:
        self.counts.posts += 1
        self.seen.heard_of(post.id)
        if self.seen.backfills:
            self.backfill = True
        ours = {id_: tag for id_, tag in post.rules if id_ in self._names or is_ours(tag)}
        if post.rules and not ours:
            self.counts.foreign += 1
            return None
        if post.id is not None and not self._ids.is_new(post.id):
            self.counts.duplicates += 1
            return None
        self.counts.by_rule.update({self._names.get(id_, tag) for id_, tag in ours.items()})
        return post.record
