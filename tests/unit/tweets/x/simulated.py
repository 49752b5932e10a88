"""An X without a network, whose time passes only while readers wait; an hour takes a second."""

from __future__ import annotations

import io
import json
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests

from tests.unit.tweets.x.quick import START
from tweets.fakes.entities import to_json
from tweets.fakes.x_api import FakeX
from tweets.fakes.x_api.fields import Fields
from tweets.fakes.x_api.problems import operational_disconnect, too_many_connections
from tweets.fakes.x_api.search_endpoint import search
from tweets.x.answers import checked
from tweets.x.api import FIELDS
from tweets.x.errors import Dropped, XRefused, XUnreachable

HEARTBEAT = 20.0
_LONGEST_LATE = 7.0

ENDS = ("reset", "end", "half line", "operational disconnect", "silence", "too slow")
"""Of connections."""
REFUSALS = ("503", "429", "unreachable", "too many connections", "401")
RESTARTS = ("kill", "stop")


class SimulatedTime:
    """UNIX time that the stream's reader moves; the search sleeps until it is due."""

    def __init__(self, *, searches: bool = True) -> None:
        self.now = START
        self._searches = searches
        self.mover: int | None = None
        self._sleeper_until: float | None = None
        self._is_over = False
        self._changed = threading.Condition()

    def __call__(self) -> float:
        return self.now

    def begin(self) -> None:
        """Note that a run begins; its search has not slept yet."""
        self._is_over, self.mover, self._sleeper_until = False, None, None

    def end(self) -> None:
        """Wake all sleepers."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Replaces sleeping in a run."""
        if threading.get_ident() == self.mover:
            self.advance(seconds)
            return
        with self._changed:
            until = self._sleeper_until = self.now + max(seconds, 0.01)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_over or self.now >= until)
            self._sleeper_until = None

    def advance(self, seconds: float) -> None:
        """Let time pass second by second, and let the search work when it is due."""
        end = self.now + seconds
        while self.now < end and not self._is_over:
            with self._changed:
                self.now = min(end, self.now + 1)
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._is_over or self._sleeps())

    def _sleeps(self) -> bool:
        is_asleep = self._sleeper_until is not None and self._sleeper_until > self.now
        return is_asleep or not self._searches


class SimulatedX:
    """Replaces XApi for XSource. `script` says how connections end, and what connects get.

    `on_restart` is called in the thread that reads the stream when a run must end there.
    """

    heartbeat = HEARTBEAT

    def __init__(self, fake: FakeX, time: SimulatedTime, random: random.Random) -> None:
        self.fake, self.time, self.random = fake, time, random
        self.script: deque[tuple[str, float]] = deque()
        self.on_restart: Callable[[str], None] = lambda _: None
        self.is_done: Callable[[], bool] = lambda: False
        self.odds = 0.1  # the chance that a search is refused for a moment
        self.first_connect: float | None = None
        self.away = 0.0
        self.done: set[str] = set()
        self._left_at: float | None = None
        self._fields = Fields.from_query(FIELDS.items())

    def connect(self, *, backfill_minutes: int = 0) -> SimulatedConnection:
        self.time.mover = threading.get_ident()
        self.time.advance(0.2)
        if self.script and self.script[0][0] in REFUSALS:
            kind, seconds = self.script.popleft()
            self.done.add(kind)
            self._refuse(kind, seconds)
        if backfill_minutes and not self.fake.limits.backfill:
            raise XRefused(400, {"detail": "no backfill for this app"}, reset=None)
        self.first_connect = self.first_connect or self.time.now
        if self._left_at is not None:
            self.away += self.time.now - self._left_at
        self._left_at = None
        return SimulatedConnection(self, backfill_minutes)

    def left(self) -> None:
        self._left_at = self._left_at or self.time.now

    def _refuse(self, kind: str, seconds: float) -> None:
        if kind == "unreachable":
            raise XUnreachable("X can't be reached")
        if kind == "too many connections":
            raise XRefused(429, too_many_connections(), reset=None)
        reset = self.time.now + seconds if kind == "429" else None
        raise XRefused(int(kind), {"detail": "not now"}, reset=reset)

    def authorized(self, method: str, address: str, **options: Any) -> requests.Response:
        if address == "connections":
            return self.answer(200, {"data": []})
        assert (method, address) == ("GET", "tweets/search/recent")
        if self.random.random() < self.odds:
            return self.answer(self.random.choice([429, 503]), {"title": "not now"})
        self.fake.catch_up()
        answer = search(self.fake, options["params"].items())
        return self.answer(answer.status, answer.body)

    def answer(self, status: int, body: Mapping[str, Any]) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url = status, "http://x"
        response.raw = io.BytesIO(json.dumps(dict(body)).encode())
        return checked(response)

    def line(self, index: int) -> bytes:
        """The post as the stream sends it, empty if it matches nothing."""
        tweet = self.fake.tweet(index)
        rules = self.fake.match(tweet)
        return self._fields.line(tweet, rules) if rules else b""

    def changes(self) -> bytes:
        """Lines about posts sent before."""
        lines = []
        while (told := self.fake.changes.take()) is not None:
            if isinstance(told, bytes):
                lines.append(told)
            elif rules := self.fake.match(told):
                lines.append(self._fields.line(told, rules, self.fake.changes.history(told.id)))
        return b"".join(lines)


class SimulatedConnection:
    """A connection that delivers posts up to some seconds late, and then ends by the script."""

    def __init__(self, x: SimulatedX, backfill_minutes: int) -> None:
        self._x = x
        self.date: float | None = float(int(x.time.now))
        self._is_over = False
        self._late: list[tuple[float, int]] = []
        x.fake.catch_up()
        self._next = x.fake.next_index
        since = x.time.now - 60 * backfill_minutes
        self._again = [post.index for post in x.fake.posts.between(since, x.time.now)]

    def end(self) -> None:
        self._is_over = True

    def close(self) -> None:
        self._x.left()

    def chunks(self) -> Iterator[bytes]:
        yield b"".join(map(self._x.line, self._again))
        kind, seconds = self._x.script.popleft() if self._x.script else ("", 900.0)
        until, quiet = self._x.time.now + seconds, 0
        while self._x.time.now < until:
            self._x.time.advance(1)
            if self._is_over or self._x.is_done():
                self._x.left()
                raise Dropped("it was ended")
            sent = self._x.changes() + b"".join(map(self._x.line, self._due()))
            quiet = 0 if sent else quiet + 1
            if sent or quiet >= HEARTBEAT:
                quiet = 0
                yield sent or b"\r\n"
        self._x.left()
        self._x.done.add(kind)
        yield from self._ending(kind)
        raise Dropped("the connection broke")

    def _due(self) -> list[int]:
        fake, now = self._x.fake, self._x.time.now
        fake.catch_up()
        for index in range(self._next, fake.next_index):
            self._late.append((now + self._x.random.uniform(0, _LONGEST_LATE), index))
        self._next = fake.next_index
        due = [index for at, index in self._late if at <= now]
        self._late = [(at, index) for at, index in self._late if at > now]
        return due

    def _ending(self, kind: str) -> Iterator[bytes]:
        if kind == "half line":
            lines = [line for index in range(self._next) if (line := self._x.line(index))][-1:]
            yield from (line[: len(line) // 2] for line in lines)
        elif kind == "operational disconnect":
            yield to_json(operational_disconnect()).encode() + b"\r\n"
        elif kind in ("silence", "too slow"):
            # X has ended it, or drops what a reader is too slow for; here, nothing shows that.
            self._x.time.advance(25 if kind == "silence" else 60)
        elif kind in RESTARTS:
            self._x.on_restart(kind)
