"""The fake X itself: its App, its rules, its posts, and what it has sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import get_args

from tweets.fakes.generator import FakeTweets
from tweets.fakes.model import Tweet
from tweets.fakes.x_api.auth import Credentials
from tweets.fakes.x_api.changes import Changes
from tweets.fakes.x_api.faults import Fault, Script
from tweets.fakes.x_api.jobs import Jobs
from tweets.fakes.x_api.limits import Endpoint, Limits, RateWindow
from tweets.fakes.x_api.replay import Recording
from tweets.fakes.x_api.rulebook import Rule, Rulebook
from tweets.fakes.x_api.usage import PRICE, Usage


@dataclass(slots=True)
class Connection:
    """One reader of the stream.

    `indexes` are the posts whose whole line was written to the connection, in order; when the
    server ended it, the reader can have them all. `ended` says why there is no more.
    """

    number: int
    client: tuple[str, int]
    indexes: list[int] = field(default_factory=list)
    ended: str | None = None


class Listener:
    """What the state asks of the server it runs in; this one runs nowhere."""

    def settle(self) -> None:
        """Do what is due now; any thread may call this."""

    def hang_up(self, client: tuple[str, int]) -> None:
        """Cut a connection off, whatever is still to be written."""


class FakeX:
    """All that the server knows; tests script faults with it and ask it what was sent.

    `rate` is of posts published a second, of which the matching ones are sent; `count` is how many
    are published at all (None: no end). Posts are published while somebody is connected, and the
    next connection goes on with the next one. A reader who keeps the server waiting for `max_lag`
    seconds is cut off. `rules` are there from the start; `match_all` is for load: each post is
    sent, as matching each rule. `clock` is UNIX time, for the rate limits and the usage, which
    begins anew on the `reset_day` of the month and costs `price` dollars a post. The posts of a
    `recording` take the place of generated ones.
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
        self._published: dict[str, int] = {}
        self._changed = threading.Condition()
        self.add_faults(*faults)

    def tweet(self, index: int) -> Tweet:
        """The post at `index`."""
        return self.recording.tweets[index] if self.recording else self._tweets.tweet(index)

    def matching(self, indexes: Iterable[int]) -> list[int]:
        """Those of `indexes` whose posts match the rules as they are now."""
        return [index for index in indexes if self.match(self.tweet(index))]

    def match(self, tweet: Tweet) -> Sequence[Rule]:
        """The rules that the post matches."""
        return self.rules.rules if self.match_all else self.rules.match(tweet)

    def add_faults(self, *faults: Fault | str) -> None:
        """Put faults at the end of the script; raises FaultError. Any thread may call this."""
        parsed = [Fault.parse(fault) if isinstance(fault, str) else fault for fault in faults]
        self.script.add(parsed)
        self.listener.settle()

    def publish(self) -> int | None:
        """The index of the next post; None when there are no more."""
        if self.count is not None and self.next_index >= self.count:
            return None
        self.next_index += 1
        self._published[self.tweet(self.next_index - 1).id] = self.next_index - 1
        return self.next_index - 1

    def post(self, id_: str) -> Tweet | None:
        """The post with this id, once it was published."""
        index = self._published.get(id_)
        return None if index is None else self.tweet(index)

    @property
    def sent(self) -> list[int]:
        """The posts handed to their connections, duplicates included; a reader has no others."""
        return [index for connection in self.connections for index in connection.indexes]

    @property
    def connection(self) -> Connection | None:
        """The reader who is connected now."""
        last = self.connections[-1] if self.connections else None
        return last if last and last.ended is None else None

    def connected(self, client: tuple[str, int]) -> Connection:
        """Note a new reader."""
        connection = Connection(len(self.connections) + 1, client)
        self.connections.append(connection)
        self.log(f"connection {connection.number} from {client[0]}:{client[1]}")
        self.changed()
        return connection

    def ended(self, connection: Connection, why: str) -> None:
        """Note that a reader is gone; only the first reason counts."""
        if connection.ended is None:
            connection.ended = why
            sent = len(connection.indexes)
            posts = f"{sent} post" if sent == 1 else f"{sent} posts"
            self.log(f"connection {connection.number} ended after {posts}: {why}")
            self.changed()

    def changed(self) -> None:
        """Wake whoever waits."""
        with self._changed:
            self._changed.notify_all()

    def wait_until(self, happened: Callable[[FakeX], bool], timeout: float = 10.0) -> None:
        """Wait, in another thread than the server's; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: happened(self), timeout):
                raise TimeoutError(f"it did not happen within {timeout:g} s: {self.status()}")

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
