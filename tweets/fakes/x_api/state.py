"""The fake X: its App, its rules, its posts, and what it has sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import get_args
from uuid import uuid4

from tweets.fakes.generator import SNOWFLAKE_EPOCH_MS, SNOWFLAKE_TAG_BITS, FakeTweets
from tweets.fakes.model import Tweet
from tweets.fakes.x_api.auth import Credentials
from tweets.fakes.x_api.changes import Changes
from tweets.fakes.x_api.faults import Fault, Script
from tweets.fakes.x_api.jobs import Jobs
from tweets.fakes.x_api.limits import Endpoint, Limits, RateWindow
from tweets.fakes.x_api.published import Log
from tweets.fakes.x_api.replay import Recording
from tweets.fakes.x_api.rulebook import Rule, Rulebook
from tweets.fakes.x_api.usage import PRICE, Usage

_GLANCE = 0.05  # seconds between looks at what is waited for


@dataclass(slots=True)
class Connection:
    """One reader of the stream.

    `indexes` are the posts whose whole line was written to the connection, in order; if the server
    ended it, the reader can have received them all. `ended` says why it ended. `at` and `ended_at`
    are UNIX times.
    """

    number: int
    client: tuple[str, int]
    at: float
    indexes: list[int] = field(default_factory=list)
    ended: str | None = None
    ended_at: float | None = None
    id: str = field(default_factory=lambda: str(uuid4()))


class Listener:
    """What the state needs of its server; this base does nothing."""

    def settle(self) -> None:
        """Do what is due now; thread-safe."""

    def hang_up(self, client: tuple[str, int], *, reset: bool = False) -> None:
        """Close a connection without writing the rest; with `reset`, its reader gets a reset."""


class FakeX:
    """The state of the server, with which tests script faults and check what was sent.

    `rate` posts a second are published, and those that match are sent; `count` limits how many are
    published (None for no limit). Posts are published while a reader is connected, and the next
    connection continues with the next post. A reader that keeps the server waiting for `max_lag`
    seconds is disconnected. `rules` exist from the start. `match_all`, for load tests, sends each
    post as if it matched each rule. `clock` is UNIX time, except for the time between two writes.
    The usage is reset on the `reset_day` of the month and costs `price` dollars a post. The posts
    of a `recording` replace generated ones.

    With `live`, posts are published by the clock from the start, even without a reader, and have
    current ids and times, so no two runs send the same. The search finds posts after `search_lag`
    seconds, and every tenth only after four times as long.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        rate: float = 200.0,
        count: int | None = None,
        heartbeat: float = 20.0,
        max_lag: float = 30.0,
        match_all: bool = False,
        live: bool = False,
        search_lag: float = 8.0,
        rules: Iterable[str] = (),
        faults: Iterable[Fault | str] = (),
        credentials: Credentials | None = None,
        limits: Limits | None = None,
        price: float = PRICE,
        reset_day: int = 1,
        recording: Recording | None = None,
        clock: Callable[[], float] = time.time,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.rate, self.count, self.heartbeat, self.max_lag = rate, count, heartbeat, max_lag
        self.match_all, self.clock, self.log = match_all, clock, log
        self.live, self.search_lag = live, search_lag
        self.posts = Log()
        self.stale: dict[str, float] = {}
        self._began = clock()
        self.credentials = credentials or Credentials()
        self.limits = limits = limits or Limits()
        self.windows: dict[Endpoint, RateWindow] = {
            name: RateWindow(getattr(limits, name), clock) for name in get_args(Endpoint)
        }
        self.rules = Rulebook(limits.rules, limits.rule_length)
        if errors := self.rules.add((value, "") for value in rules).errors:
            raise ValueError(str(errors[0]["detail"]))
        self.listener = Listener()
        self.script = Script()
        self.connections: list[Connection] = []
        self.next_index = 0
        self.listening = False
        self.usage = Usage(clock, cap=limits.posts, price=price, reset_day=reset_day)
        self.recording = recording
        if recording:
            self.count = min(
                len(recording.tweets), len(recording.tweets) if count is None else count
            )
        self.changes = Changes(self.post)
        self.jobs = Jobs(self.changes, clock)
        self._tweets = FakeTweets(seed)
        self._changed = threading.Condition()
        self.add_faults(*faults)

    def tweet(self, index: int) -> Tweet:
        """The post at `index`; if it was published, as it was then."""
        published = self.posts.at(index)
        return published.tweet if published else self._original(index)

    def _original(self, index: int) -> Tweet:
        return self.recording.tweets[index] if self.recording else self._tweets.tweet(index)

    def post(self, id_: str) -> Tweet | None:
        """The post with that id, if it was published."""
        published = self.posts.by_id(id_)
        return published.tweet if published else None

    def matching(self, indexes: Iterable[int]) -> list[int]:
        """Those of `indexes` whose posts match the current rules."""
        return [index for index in indexes if self.match(self.tweet(index))]

    def match(self, tweet: Tweet) -> Sequence[Rule]:
        """The rules that the post matches."""
        return self.rules.rules if self.match_all else self.rules.match(tweet)

    def finds(self, index: int, *, at: float) -> bool:
        """Whether the search finds the post at that time."""
        post = self.posts.at(index)
        lag = self.search_lag * (1 if index % 10 else 4)
        return post is not None and post.at + lag <= at

    def add_faults(self, *faults: Fault | str) -> None:
        """Append faults to the script; raises FaultError. Thread-safe."""
        parsed = [Fault.parse(fault) if isinstance(fault, str) else fault for fault in faults]
        self.script.add(parsed)
        self.listener.settle()

    def publish(self) -> int | None:
        """The index of the next post; None if there are no more, or none is due yet."""
        if self.count is not None and self.next_index >= self.count:
            return None
        index = self.next_index
        due = self._began + index / self.rate if self.live else self.clock()
        if self.live and due > self.clock():
            return None
        tweet = self._original(index)
        self.posts.add(index, due, _stamped(tweet, index, due) if self.live else tweet)
        self.next_index += 1
        return index

    def catch_up(self) -> None:
        """Publish what is due while no reader is connected."""
        while self.live and self.publish() is not None:
            pass

    @property
    def sent(self) -> list[int]:
        """The posts written to connections, duplicates included; readers have no others."""
        return [index for connection in self.connections for index in connection.indexes]

    @property
    def connection(self) -> Connection | None:
        """The connected reader."""
        last = self.connections[-1] if self.connections else None
        return last if last and last.ended is None else None

    @property
    def held(self) -> list[Connection]:
        """The connections that count as active: those of readers, and stale ones."""
        now = self.clock()
        self.stale = {id_: until for id_, until in self.stale.items() if until > now}
        return [c for c in self.connections if c.ended is None or c.id in self.stale]

    def end_connections(self, ids: Iterable[str]) -> list[str]:
        """End those of the connections that count as active, and return them."""
        ended = [connection for connection in self.held if connection.id in set(ids)]
        for connection in ended:
            self.stale.pop(connection.id, None)
            if connection.ended is None:
                self.ended(connection, "ended by request")
                self.listener.hang_up(connection.client)
        return [connection.id for connection in ended]

    def connected(self, client: tuple[str, int]) -> Connection:
        """Record a new reader, who gets what is published from now on."""
        self.catch_up()
        connection = Connection(len(self.connections) + 1, client, self.clock())
        self.connections.append(connection)
        self.log(f"connection {connection.number} from {client[0]}:{client[1]}")
        self.changed()
        return connection

    def ended(self, connection: Connection, why: str) -> None:
        """Record that a reader is gone; only the first reason counts."""
        if connection.ended is None:
            connection.ended, connection.ended_at = why, self.clock()
            sent = len(connection.indexes)
            posts = f"{sent} post" if sent == 1 else f"{sent} posts"
            self.log(f"connection {connection.number} ended after {posts}: {why}")
            self.changed()

    def changed(self) -> None:
        """Wake all waiting threads."""
        with self._changed:
            self._changed.notify_all()

    def wait_until(self, happened: Callable[[FakeX], bool], timeout: float = 60.0) -> None:
        """Wait, in a thread other than the server's; raises TimeoutError."""
        end = time.monotonic() + timeout
        with self._changed:
            while not happened(self):
                if time.monotonic() >= end:
                    raise TimeoutError(f"it did not happen within {timeout:g} s: {self.status()}")
                # Not longer, because some changes wake nobody, such as those of a caller's own.
                self._changed.wait(_GLANCE)

    def status(self) -> dict[str, object]:
        """Counts for people and for other processes."""
        return {
            "connections": len(self.connections),
            "connected": self.connection is not None,
            "posts_sent": sum(len(connection.indexes) for connection in self.connections),
            "posts_published": self.next_index,
            "last_index": max((c.indexes[-1] for c in self.connections if c.indexes), default=None),
            "posts_charged": self.usage.posts,
            "dollars": round(self.usage.dollars, 3),
            "rules": len(self.rules.rules),
            "faults": {
                "pending": [str(fault) for fault in self.script.pending],
                "done": [str(fault) for fault in self.script.done],
            },
        }


def _stamped(tweet: Tweet, index: int, at: float) -> Tweet:
    """The post, with an id and a time from when it was published."""
    milliseconds = int(at * 1000) - SNOWFLAKE_EPOCH_MS
    tag = index % (1 << SNOWFLAKE_TAG_BITS)
    return tweet._replace(
        id=str(milliseconds << SNOWFLAKE_TAG_BITS | tag),
        created_at=datetime.fromtimestamp(int(at), UTC),
    )
