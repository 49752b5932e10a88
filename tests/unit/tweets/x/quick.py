"""An X and a reader with faster time, which count what was published and read."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.steady_clock import SteadyClock, steady_clock
from tests.waiting import LONG, wait_for
from tweets.fakes.x_api import Facts, FakeX, serving
from tweets.fakes.x_api.published import Published
from tweets.x import Credentials, Gap, Rule, XApi, XSource, api, synchronise
from tweets.x.lately import resumed
from tweets.x.seen import XClock

OFTEN = "RT OR is OR a OR the"  # a quarter of the fake tweets
TIMES = 200.0
START = 1_800_000_000.0
STACK = "arn:stack"
_HEARTBEAT = 2.0  # seconds


class QuickTime:
    """UNIX time that passes faster than this clock by a factor."""

    def __init__(self, clock: SteadyClock, times: float) -> None:
        self.times = times
        self._clock = clock

    def __call__(self) -> float:
        return START + self._clock() * self.times


class Run:
    """A reader in a separate thread, like the producer, which settles posts at once.

    With `settles` false, it acts as if killed before it delivered anything. It reads nothing while
    `may_read` is not set.
    """

    def __init__(self, source: XSource, stopped: threading.Event, *, settles: bool = True) -> None:
        self.source = source
        self.ids: list[str] = []
        self.error: BaseException | None = None
        self.may_read = threading.Event()
        self.may_read.set()
        self._stopped = stopped
        self._settles = settles
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            self.source.keep(0)
            kept_at = time.monotonic()
            for record in self.source:
                self.may_read.wait()
                self.ids.append(json.loads(record.data)["data"]["id"])
                if self._settles and time.monotonic() > kept_at + 0.1:
                    self.source.keep(self.source.offset)
                    kept_at = time.monotonic()
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        """Make it finish, and wait until it has."""
        self.source.finish()
        self._stopped.set()
        self.may_read.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        assert self.error is None
        if self._settles:
            self.source.keep(self.source.offset)

    def wait_to_end(self) -> None:
        """Wait until it ends."""
        self._thread.join(60)
        assert not self._thread.is_alive()
        self.end()


class Quick:
    """A fake X in fast time, and runs that read it; `events` are their messages."""

    def __init__(
        self, x: FakeX, url: str, time: QuickTime, folder: Path, *, patience: float
    ) -> None:
        self.x = x
        self.time = time
        self.runs: list[Run] = []
        self.events: list[str] = []
        # A heartbeat takes part in computing what was read, in fast time.
        with patch.object(api, "_PATIENCE", patience / _HEARTBEAT):
            self._api = XApi(
                Credentials(bearer_token=x.credentials.bearer_token), url=url, heartbeat=_HEARTBEAT
            )
        self.path = folder / "x-tweets-01234567.position"

    def run(self, rules: Sequence[str] = (OFTEN,), *, settles: bool = True, **more: Any) -> Run:
        """A run that continues where the last one ended."""
        stopped = threading.Event()
        run = Run(self.source(rules, stopped, **more), stopped, settles=settles)
        self.runs.append(run)
        return run

    def source(
        self,
        rules: Sequence[str],
        stopped: threading.Event,
        *,
        max_recovered: int = 100_000,
        **more: Any,
    ) -> XSource:
        """The source of a run; it no longer waits once `stopped`."""
        tracked: list[Rule] = synchronise(self._api, rules)
        lately, said = resumed(self.path, stack=STACK, rules=[rule.value for rule in tracked])
        self.events += said
        return XSource(
            self._api,
            tracked,
            path=self.path,
            lately=lately,
            max_recovered=max_recovered,
            on_event=self.events.append,
            wait=lambda seconds: stopped.wait(seconds / self.time.times),
            now=self.time,
            clock=self.time,
            x_clock=XClock(self.time, guess=self.time),
            **more,
        )

    def read_on(self, source: XSource) -> float:
        """Wait until it has read everything published before, if it can; return when."""
        until = self.time()
        wait_for(
            lambda: (source.lately.seen or 0) > until and not source.lately.windows,
            "all to be read and searched",
            seconds=LONG,
        )
        return until

    def published(self, *, until: float) -> list[Published]:
        """The posts that match a rule, since the first connect."""
        found = self.x.posts.between(self.x.connections[0].at, until)
        return [post for post in found if self.x.match(post.tweet)]

    def unnamed(self, ids: Sequence[str], gaps: Sequence[Gap], *, until: float) -> list[Published]:
        """Published posts that match, were not read and are in no gap that names their rule."""
        read = set(ids)
        return [
            post
            for post in self.published(until=until)
            if post.tweet.id not in read and not any(names(self.x, gap, post) for gap in gaps)
        ]


def names(x: FakeX, gap: Gap, post: Published) -> bool:
    """Whether the gap covers the post."""
    if not gap.since <= post.at <= gap.until:
        return False
    if gap.searched:
        return not is_searchable(x, post)
    return any(rule.value in gap.rules for rule in x.match(post.tweet))


def is_searchable(x: FakeX, post: Published) -> bool:
    """Whether a rule matches the post without the one that it quotes, which search leaves out."""
    facts = Facts(post.tweet, in_search=True)
    return any(rule.matches(facts) for rule in x.match(post.tweet))


@contextmanager
def quick(
    folder: Path, *, times: float = TIMES, patience: float = 60.0, **more: Any
) -> Iterator[Quick]:
    """A fake X that publishes posts by the clock, two a second.

    Readers take the stream for broken after `patience` real seconds without a byte.
    """
    options: dict[str, Any] = {
        "live": True,
        "rate": 2.0,
        "heartbeat": 0.1,
        "seed": 71,
    }
    with steady_clock() as clock:
        time = QuickTime(clock, times)
        x = FakeX(**options | {"clock": time} | more)
        with serving(x) as served:
            started = Quick(x, served.url, time, folder, patience=patience)
            try:
                yield started
            finally:
                for run in started.runs:
                    run.end()


def twice(ids: Sequence[str]) -> list[str]:
    return [id_ for id_, times in Counter(ids).items() if times > 1]
