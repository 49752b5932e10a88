from __future__ import annotations

import json
import multiprocessing
from calendar import monthrange
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import SettingsError
from tweets.x import Allowance, SpendingError, Spent, Usage
from tweets.x.spending import _next_reset

X = "https://api.x.com"
PRICE = 0.005


class Clock:
    def __init__(self, *day: int) -> None:
        self.go_to(*day)

    def go_to(self, year: int, month: int, day: int, hour: int = 12) -> None:
        self.now = datetime(year, month, day, hour, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _no_slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    # That the count is on the disk is replace_file's, which tests of its own hold to it.
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture
def clock() -> Clock:
    return Clock(2026, 11, 20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x-spending.json"


def allowance(
    path: Path, clock: Clock, *, limit: float | None = 1.0, account: str = X, price: float = PRICE
) -> Allowance:
    return Allowance(path, account=account, price=price, limit=limit, now=clock)


def posts(of: Allowance) -> int:
    """All that it lets one read, one by one."""
    return sum(1 for _ in iter(of.take, 0))


def test_all_runs_together_may_read_what_the_limit_pays_for(path: Path, clock: Clock) -> None:
    first = allowance(path, clock)
    assert sum(first.take() for _ in range(150)) == 150
    first.close()
    assert first.spent == Spent(posts=150, dollars=0.75, until=date(2026, 12, 1), reset_day=1)

    second = allowance(path, clock)
    assert not second.is_used_up
    assert posts(second) == 50
    assert second.is_used_up
    assert second.spent.dollars == pytest.approx(1.0)


def test_posts_are_counted_on_disk_before_they_are_read(path: Path, clock: Clock) -> None:
    killed = allowance(path, clock, limit=2.0)
    for read in range(1, 301):
        assert killed.take()
        counted = json.loads(path.read_text())[X]["posts"]
        assert counted >= read
        assert counted - read < 20, "a killed run takes a twentieth of the rest along at most"
    assert posts(allowance(path, clock, limit=2.0)) == 400 - counted


def test_what_did_not_come_is_given_back(path: Path, clock: Clock) -> None:
    search = allowance(path, clock)
    assert search.take(100) == 100
    search.give_back(93)
    search.close()
    search.close()

    assert search.spent.posts == 7
    assert search.take(1000) == 193


def test_without_a_limit_it_is_counted_all_the_same(path: Path, clock: Clock) -> None:
    run = allowance(path, clock, limit=None)
    assert all(run.take() for _ in range(1200))
    run.close()

    assert run.spent.posts == 1200
    assert not run.is_used_up
    assert allowance(path, clock, limit=6.0).is_used_up


def test_another_x_such_as_the_fake_one_has_an_account_of_its_own(path: Path, clock: Clock) -> None:
    fake = allowance(path, clock, account="http://127.0.0.1:8888")
    assert posts(fake) == 200

    assert allowance(path, clock).spent.posts == 0
    assert posts(allowance(path, clock)) == 200
    assert fake.spent.posts == 200


def test_the_month_is_xs_own_in_utc(path: Path, clock: Clock) -> None:
    run = allowance(path, clock)
    run.begin(Usage(posts=0, reset_day=15))
    assert posts(run) == 200
    assert run.spent.until == date(2026, 12, 15)

    clock.go_to(2026, 12, 14, 23)
    assert allowance(path, clock).is_used_up
    clock.go_to(2026, 12, 15, 0)
    assert not run.is_used_up
    assert posts(run) == 200
    assert run.spent.until == date(2027, 1, 15)


def test_posts_in_hand_count_for_the_month_they_were_taken_in(path: Path, clock: Clock) -> None:
    run = allowance(path, clock)
    assert run.take()
    clock.go_to(2026, 12, 1)

    assert posts(run) == 200
    run.close()
    assert run.spent.posts == 200


def test_a_new_day_of_reset_forgets_nothing(path: Path, clock: Clock) -> None:
    run = allowance(path, clock)
    posts(run)
    run.begin(Usage(posts=0, reset_day=21))

    assert run.spent == Spent(posts=200, dollars=1.0, until=date(2026, 11, 21), reset_day=21)
    run.begin(Usage(posts=0))
    assert run.spent.reset_day == 21, "where X does not say it, it is the last one known"


@pytest.mark.parametrize("content", [None, "", '{"https://api.x.com": {"posts"', "[]", "\0" * 80])
def test_where_nothing_is_kept_xs_own_count_is_taken(
    content: str | None, path: Path, clock: Clock
) -> None:
    if content is not None:
        path.write_text(content)
    run = allowance(path, clock)

    assert run.begin(Usage(posts=120, reset_day=1))
    assert run.spent.posts == 120
    assert posts(run) == 80
    assert not run.begin(Usage(posts=7, reset_day=1)), "from then on, its own counts"


def test_a_torn_file_is_not_taken_for_nothing_spent(path: Path, clock: Clock) -> None:
    path.write_text('{"https://api')

    with pytest.raises(SpendingError, match="delete the file to count this month from zero"):
        allowance(path, clock).begin(None)
    run = allowance(path, clock)
    with pytest.raises(SpendingError):
        run.take()
    allowance(path, clock, limit=None).begin(None)
    assert json.loads(path.read_text())[X]["posts"] == 0


def test_what_cannot_be_counted_is_not_read_where_there_is_a_limit(
    tmp_path: Path, clock: Clock
) -> None:
    nowhere = tmp_path / "gone" / "x-spending.json"

    with pytest.raises(SpendingError, match=r"gone/x-spending\.json"):
        allowance(nowhere, clock).take()
    assert allowance(nowhere, clock, limit=None).take() == 1


def test_a_post_that_costs_nothing_is_never_one_too_many(path: Path, clock: Clock) -> None:
    assert allowance(path, clock, limit=0.0, price=0.0).take(5) == 5
    assert allowance(path, clock, limit=0.0).take() == 0


@pytest.mark.parametrize(("limit", "price"), [(-1, 1), (float("nan"), 1), (1, float("nan"))])
def test_limits_and_prices_are_numbers(
    limit: float, price: float, path: Path, clock: Clock
) -> None:
    with pytest.raises(SettingsError):
        allowance(path, clock, limit=limit, price=price)


def read_all(path: Path) -> int:
    return posts(allowance(path, Clock(2026, 11, 20), limit=1.0))


@pytest.mark.heavy
def test_processes_at_once_do_not_read_more_than_the_limit_pays_for(path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        read = pool.map(read_all, [path] * 2, chunksize=1)

    assert sum(read) == 200
    assert [*path.parent.iterdir()] == [path]


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)), st.integers(1, 31))
def test_a_month_ends_on_its_day_or_on_the_last_of_a_shorter_one(today: date, day: int) -> None:
    until = _next_reset(today, day)

    assert 0 < (until - today).days <= 31
    last = monthrange(until.year, until.month)[1]
    assert until.day == min(day, last)
