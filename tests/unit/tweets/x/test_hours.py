"""Hours of disconnects, refusals and restarts: each post is stored, or in a gap that is named."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path
from typing import cast

import pytest

from tests.unit.tweets.x.quick import OFTEN, STACK, names
from tests.unit.tweets.x.simulated import (
    ENDS,
    REFUSALS,
    RESTARTS,
    SimulatedTime,
    SimulatedX,
)
from tweets.fakes.x_api import FakeX, Limits
from tweets.fakes.x_api.published import Published
from tweets.x import Gap, Rule, XApi, XRefused, XSource
from tweets.x.gaps import LATE
from tweets.x.lately import resumed
from tweets.x.seen import XClock

RULES = [OFTEN, "the sample:50", "is -is:quote"]


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that searches have several pages.
    monkeypatch.setattr("tweets.x.recovery.LARGEST_PAGE", 10)
    # That what is kept is on the disk is replace_file's, which tests of its own hold to it.
    monkeypatch.setattr("os.fsync", lambda _: None)


class Hour:
    """Runs one after another against a simulated X; `stored` are what is delivered for sure."""

    def __init__(
        self, folder: Path, *, seed: int, seconds: float, max_recovered: int = 100_000
    ) -> None:
        self.random = random.Random(seed)
        self.time = SimulatedTime(searches=max_recovered > 0)
        self.max_recovered = max_recovered
        self.fake = FakeX(
            seed=seed,
            live=True,
            rate=self.random.choice([0.1, 1.5]),
            rules=RULES,
            clock=self.time,
            limits=Limits(backfill=self.random.choice([0, 5])),
        )
        self.x = SimulatedX(self.fake, self.time, self.random)
        self.stored: list[str] = []
        self.gaps: list[Gap] = []
        self._path = folder / "x-tweets-01234567.position"
        self._restart = ""
        while sum(length for _, length in self.x.script) < seconds:
            self._add_to_script()

    def _add_to_script(self) -> None:
        """A connection, what ends it, and some refusals to connect again."""
        unused = {*ENDS, *REFUSALS, *RESTARTS} - {kind for kind, _ in self.x.script}

        def one_of(kinds: tuple[str, ...]) -> str:
            return self.random.choice([kind for kind in kinds if kind in unused] or kinds)

        kinds = RESTARTS if self.random.random() < 0.2 else ENDS
        self.x.script.append((one_of(kinds), self.random.expovariate(1 / 60)))
        for _ in range(self.random.randint(0, 3)):
            self.x.script.append((one_of(REFUSALS), self.random.uniform(0, 120)))

    def run(self) -> None:
        """Read until the script is over and all that was published before is stored or named."""
        until = None
        while until is None:
            until = self._one_run()
            self.time.now += self.random.expovariate(1 / 60)
        self.until = until

    def _one_run(self) -> float | None:
        """One run until it is restarted, or until the time until which it has all."""
        lately, _ = resumed(self._path, stack=STACK, rules=RULES)
        rules = [Rule(rule.id, rule.value, rule.tag) for rule in self.fake.rules.rules]
        source = XSource(
            cast(XApi, self.x),
            rules,
            path=self._path,
            lately=lately,
            max_recovered=self.max_recovered,
            wait=self.time.wait,
            now=self.time,
            clock=self.time,
            x_clock=XClock(self.time, guess=self.time),
            most_waiting=20_000,
        )
        over_at: list[float] = []
        self._restart = ""

        def is_done() -> bool:
            self._change_some()
            if self.x.script:
                return False
            over_at.append(self.time.now)
            # What was posted before may come after what was posted later.
            seen = (source.lately.seen or 0) - LATE
            done = seen > over_at[0] and not source.lately.windows
            if done:
                source.finish()
            return done

        def restart(kind: str) -> None:
            self._restart = kind
            source.finish()

        self.x.is_done, self.x.on_restart = is_done, restart
        self.time.begin()
        source.keep(0)
        others = set(threading.enumerate())
        ids = self._read(source)
        self.time.end()
        for thread in set(threading.enumerate()) - others:
            thread.join(60)
        self.stored += ids
        self.gaps += source.gaps
        return None if self._restart else over_at[0]

    def _read(self, source: XSource) -> list[str]:
        """What is delivered, as far as it is known to be."""
        ids: list[str] = []
        kept = 0
        try:
            for record in source:
                if self._restart == "kill":
                    return ids[:kept]
                ids.append(json.loads(record.data)["data"]["id"])
                if self.random.random() < 0.05:
                    kept = source.offset
                    source.keep(kept)
        except XRefused:
            # A refusal ends a run that has never been connected; somebody starts it again.
            self._restart = self._restart or "refused"
        if self._restart == "kill":
            return ids[:kept]
        source.keep(source.offset)
        return ids

    def _change_some(self) -> None:
        if self.fake.next_index and self.random.random() < 0.02:
            post = self.fake.tweet(self.random.randrange(self.fake.next_index))
            if self.random.random() < 0.5:
                self.fake.changes.delete(post.id)
            else:
                self.fake.changes.edit(post.id, f"{post.text} the")

    def unnamed(self) -> list[Published]:
        """Posts that match, and are neither stored nor gone nor in a gap."""
        stored = set(self.stored)
        changes = self.fake.changes
        return [
            post
            for post in self.fake.posts.between(self.x.first_connect or 0, self.until)
            if self.fake.match(post.tweet)
            and not changes.is_gone(post.tweet.id)
            and stored.isdisjoint(changes.history(post.tweet.id))
            and not any(names(self.fake, gap, post) for gap in self.gaps)
        ]


@pytest.mark.parametrize("seed", [2, 3, 15, 19])
def test_of_half_an_hour_each_post_is_stored_or_in_a_named_gap(seed: int, tmp_path: Path) -> None:
    check(Hour(tmp_path, seed=seed, seconds=1800))


@pytest.mark.parametrize("max_recovered", [0, 50])
@pytest.mark.parametrize("seed", [3, 15])
def test_what_may_not_be_recovered_is_in_a_named_gap(
    seed: int, max_recovered: int, tmp_path: Path
) -> None:
    check(Hour(tmp_path, seed=seed, seconds=1800, max_recovered=max_recovered))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 106))
def test_of_hours_each_post_is_stored_or_in_a_named_gap(seed: int, tmp_path: Path) -> None:
    check(Hour(tmp_path, seed=seed, seconds=2 * 3600))


def check(hour: Hour) -> None:
    hour.run()

    assert hour.unnamed() == []
    assert hour.x.away > 0.3 * (hour.until - (hour.x.first_connect or 0))
    assert len(hour.stored) > 5
    assert hour.x.done >= {*ENDS, *REFUSALS}
