"""The stream as a source of records: connected again and again, until told to finish."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from producer.files.reading import MAX_LINE_BYTES
from producer.outgoing import OutgoingRecord
from tweets.messages import Message, Notice, Post, Problem, Rubbish, message_of
from tweets.x.api import Connection, Rule, XApi
from tweets.x.counts import Counts
from tweets.x.errors import Dropped, NotX, XRefused, XUnreachable
from tweets.x.reconnect import Reconnect
from tweets.x.rules import is_ours, name_of
from tweets.x.spending import Allowance

_REMEMBERED = 10_000  # ids, to tell posts that X sends again after a reconnection


class XSource:
    """Posts that match `rules`, each once, until `finish` or a limit; one thread may iterate it.

    `wait` waits for some seconds or until told to finish, `now` is the UNIX time. `on_event` is
    told, in words, of whatever interrupts the stream, `on_change` gets each message that says what
    has become of posts sent before. It ends where the `allowance` does. Raises XError when X
    refuses for good, and SpendingError.
    """

    def __init__(
        self,
        api: XApi,
        rules: Iterable[Rule],
        *,
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
        self._api = api
        self._names = {rule.id: name_of(rule) for rule in rules}
        self.counts.by_rule.update(dict.fromkeys(self._names.values(), 0))
        self._allowance = allowance
        # Posts that are counted and have not come: one, while connected, and less than none when
        # more came at the end.
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
        self._seen: OrderedDict[str, None] = OrderedDict()

    def finish(self) -> None:
        """End the iteration after what was read, from another thread."""
        with self._lock:
            self._finished.set()
            if self._connection is not None:
                self._connection.end()

    def __iter__(self) -> Iterator[OutgoingRecord]:
        timer: threading.Timer | None = None
        if self._max_seconds is not None:
            timer = threading.Timer(self._max_seconds, self.finish)
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
        """The open stream, or None after the wait that a failed attempt asks for."""
        if not self._may_read_another():
            return None
        self._reconnect.attempt()
        try:
            connection = self._api.connect()
        except (XRefused, NotX, XUnreachable) as failure:
            if self._reconnect.gives_up(failure, was_connected=self.counts.connections > 0):
                raise
            self._back_off(failure)
            return None
        with self._lock:
            self._connection = connection
            if self._finished.is_set():
                connection.end()
        self.counts.connections += 1
        return connection

    def _back_off(self, failure: XRefused | NotX | XUnreachable) -> None:
        self._wait_for_next(str(failure), self._reconnect.after(failure, now=self._now()))

    def _wait_for_next(self, what_happened: str, seconds: float) -> None:
        if not seconds:
            self._on_event(f"{what_happened}. Connecting again at once.")
            return
        self._on_event(f"{what_happened}. Connecting again in {seconds:g} s.")
        self._wait(seconds)

    def _posts(self, connection: Connection) -> Iterator[OutgoingRecord]:
        begun, lines = self._clock(), 0
        reason = ""
        try:
            for line in _lines(connection):
                message = message_of(line) if line else None
                # What is not X's language is no sign of life.
                lines += not isinstance(message, Rubbish)
                if message is None:
                    continue
                if isinstance(message, Post | Notice) and message.change:
                    self._on_change(message.change)
                if isinstance(message, Post):
                    self._in_hand -= 1
                    if self._is_enough():
                        self.counts.unread += 1
                        continue
                    record = self._new_record(message)
                    # The next one is counted before this one is let go.
                    goes_on = self._may_read_another()
                    if record is not None:
                        yield record
                    if not goes_on:
                        # X charges for what it has sent already: that is still read.
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
        """Whether one more post may come; if not, this is the end."""
        if self._is_enough():
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
        return self._max_posts is not None and self.counts.posts >= self._max_posts

    def _note(self, message: Message) -> None:
        if isinstance(message, Problem):
            self.counts.errors += 1
            if not message.is_disconnect:
                self._on_event(f"X says: {message.detail}")
        elif isinstance(message, Rubbish):
            # The last line is cut off where the connection was.
            self.counts.rubbish += not self._finished.is_set()
        elif isinstance(message, Notice):
            self.counts.notices[message.name] += 1
        else:
            self.counts.unknown += 1

    def _new_record(self, post: Post) -> OutgoingRecord | None:
        self.counts.posts += 1
        ours = {id_: tag for id_, tag in post.rules if id_ in self._names or is_ours(tag)}
        if post.rules and not ours:
            self.counts.foreign += 1
            return None
        if post.id is not None:
            if post.id in self._seen:
                self.counts.duplicates += 1
                return None
            self._seen[post.id] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        self.counts.by_rule.update({self._names.get(id_, tag) for id_, tag in ours.items()})
        return post.record


def _lines(connection: Connection) -> Iterator[bytes]:
    """Lines without their ends; empty ones are heartbeats. Raises Dropped after the last."""
    rest = b""
    try:
        for chunk in connection.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.removesuffix(b"\r")
            if len(rest) > MAX_LINE_BYTES:
                raise Dropped(f"a line of more than {MAX_LINE_BYTES} bytes came")
    except Dropped:
        # A line without its end is a post cut in two, unless it happens to be whole.
        if rest.strip():
            yield rest.removesuffix(b"\r")
        raise
