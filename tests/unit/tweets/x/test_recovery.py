"""A search that may be interrupted at any moment, against X's answers, odd ones too."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from producer import OutgoingRecord
from tests.unit.tweets.x.quick import OFTEN
from tests.unit.tweets.x.simulated import SimulatedTime, SimulatedX
from tweets.fakes.x_api import Facts, FakeX
from tweets.x import Allowance, Gap, XApi
from tweets.x.counts import Counts
from tweets.x.recovery import REPEATED, TOO_OLD, Change, Recovery, missed
from tweets.x.seen import RecentIds, XClock, time_of


class Killed(Exception):
    """The process is gone."""


class Searches:
    """A stretch of ten minutes that ended just now, and what is kept of searching it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.allowance: Allowance | None = None
        monkeypatch.setattr("tweets.x.recovery.LARGEST_PAGE", 10)
        self.time = SimulatedTime()
        self.fake = FakeX(live=True, rate=1.0, rules=[OFTEN], clock=self.time)
        self.x = SimulatedX(self.fake, self.time, random.Random(1))
        self.x.odds = 0.0
        self.time.now += 600
        self.until = self.time.now
        self.fake.catch_up()
        self.fake.count = self.fake.next_index
        self.windows, _ = missed([OFTEN], since=self.until - 600, until=self.until)
        self.records: list[OutgoingRecord] = []
        self.gaps: list[Gap] = []  # without those that every search leaves

    def run(self, *, most: int | None = None) -> None:
        """Search until nothing is left, or until it has given so many things, and is killed."""

        def put(what: OutgoingRecord | Change) -> None:
            nonlocal most
            if most is not None and (most := most - 1) < 0:
                raise Killed
            if isinstance(what, OutgoingRecord):
                self.records.append(what)
                return
            self.windows = [window for window in self.windows if window != what.done]
            self.windows += what.left
            self.gaps += [gap for gap in what.gaps if not gap.searched]

        def wait(seconds: float) -> None:
            self.time.now += seconds

        recovery = Recovery(
            cast(XApi, self.x),
            put=put,
            is_finished=lambda: not self.windows,
            wait=wait,
            x_clock=XClock(self.time, guess=self.time),
            ids=RecentIds(),
            counts=Counts(),
            most=10_000,
            max_posts=None,
            allowance=self.allowance,
            on_event=lambda _: None,
            on_change=lambda _: None,
        )
        recovery.add(self.windows)
        recovery.run()

    def unread(self) -> list[str]:
        posts = [post.tweet for post in self.fake.posts.between(0, self.until)]
        rule = self.fake.rules.rules[0]
        wanted = [post.id for post in posts if rule.matches(Facts(post, in_search=True))]
        assert len(wanted) > 30
        read = b"".join(record.data for record in self.records)
        return [id_ for id_ in wanted if id_.encode() not in read]


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Searches:
    return Searches(monkeypatch)


@pytest.mark.parametrize("most", [0, 1, 5, 11, 12, 13, 23, 30])
def test_the_next_run_finds_what_a_killed_one_has_not_given(most: int, searches: Searches) -> None:
    with pytest.raises(Killed):
        searches.run(most=most)
    searches.run()
    assert searches.unread() == []
    assert searches.gaps == []


def test_what_search_learns_of_late_is_found_though_the_first_search_was_killed(
    searches: Searches, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finds(index: int, *, at: float) -> bool:
        post = searches.fake.posts.at(index)
        return post is not None and at >= post.at + (60 if index % 2 else 15)

    monkeypatch.setattr(searches.fake, "finds", finds)
    with pytest.raises(Killed):
        searches.run(most=15)
    searches.run()
    assert searches.unread() == []


def test_what_is_searched_much_later_is_searched_once(searches: Searches) -> None:
    searches.time.now += 600
    asked = count_calls(searches)
    searches.run()
    assert searches.unread() == []
    assert len(asked) < len(searches.records) / 10 + 2


def test_what_is_older_than_seven_days_is_a_named_gap_and_the_rest_is_found(
    searches: Searches,
) -> None:
    week = 7 * 86_400
    searches.time.now = searches.until - 300 + week
    searches.run()

    [gap] = searches.gaps
    assert gap.why == TOO_OLD
    oldest = searches.time.now - week
    assert searches.until - 600 == gap.since < oldest < gap.until < oldest + 200
    assert all((time_of(id_) or 0) < gap.until for id_ in searches.unread())
    assert len(searches.records) > 10


def test_a_limit_of_spending_leaves_a_gap_of_the_rest_and_counts_what_came(
    searches: Searches, tmp_path: Path
) -> None:
    path = tmp_path / "x-spending.json"
    searches.allowance = Allowance(path, account="x", price=0.005, limit=0.2)
    searches.run()
    searches.allowance.close()

    assert {gap.why for gap in searches.gaps} == {"the spending limit is reached"}
    assert len(searches.records) == searches.allowance.spent.posts == 40
    unread = [time_of(id_) or 0 for id_ in searches.unread()]
    assert unread
    assert all(any(gap.since <= at < gap.until for gap in searches.gaps) for at in unread)


def count_calls(searches: Searches) -> list[object]:
    asked: list[object] = []
    authorized = searches.x.authorized

    def counted(*args: Any, **options: Any) -> requests.Response:
        asked.append(options)
        return authorized(*args, **options)

    searches.x.authorized = counted  # type: ignore[method-assign]
    return asked


def with_body(searches: Searches, change: Callable[[dict[str, Any]], object]) -> None:
    """Have X answer something else than it should."""
    answer = searches.x.answer

    def changed(status: int, body: Any) -> requests.Response:
        change(body)
        return answer(status, body)

    searches.x.answer = changed  # type: ignore[method-assign]


def test_pages_that_lead_to_themselves_are_a_named_gap(searches: Searches) -> None:
    with_body(searches, lambda body: body["meta"].update(next_token="again"))
    searches.run()
    assert {gap.why for gap in searches.gaps} == {REPEATED}
    [first, *_] = searches.gaps
    assert first.until - first.since > 500


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_page_that_is_refused_for_good_leaves_a_gap_of_the_rest(
    status: int, searches: Searches
) -> None:
    authorized = searches.x.authorized

    def refused(*args: Any, **options: Any) -> requests.Response:
        if len(searches.records) > 20:
            return searches.x.answer(status, {"detail": "Enough"})
        return authorized(*args, **options)

    searches.x.authorized = refused  # type: ignore[method-assign]
    searches.run()
    assert all("Enough" in gap.why for gap in searches.gaps)
    lost = [searches.fake.post(id_) for id_ in searches.unread()]
    assert lost
    assert all(
        any(gap.since <= post.created_at.timestamp() + 1 <= gap.until for gap in searches.gaps)
        for post in lost
        if post is not None
    )
