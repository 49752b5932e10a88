from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from tests.unit.tweets.fakes.x_api.client import FAST, served
from tweets.fakes.x_api import FakeX, Limits, Usage

USAGE = "/2/usage/tweets"


class Clock:
    def __init__(self, *day: int) -> None:
        self.go_to(*day)

    def go_to(self, year: int, month: int, day: int) -> None:
        self.now = datetime(year, month, day, 23, 30, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


def test_a_post_is_charged_once_a_day() -> None:
    clock = Clock(2026, 11, 20)
    usage = Usage(clock, cap=1000)
    usage.charge(["1", "2", "1"])
    usage.charge(["2", "3"])
    assert usage.posts == 3
    assert usage.dollars == pytest.approx(0.015)

    clock.go_to(2026, 11, 21)
    usage.charge(["3"])
    assert usage.posts == 4


def test_the_months_posts_are_counted_anew_on_the_day_of_reset() -> None:
    clock = Clock(2026, 1, 31)
    usage = Usage(clock, cap=2, reset_day=31)
    usage.charge(["1", "2"])
    clock.go_to(2026, 2, 27)
    assert (usage.posts, usage.left) == (2, 0)
    clock.go_to(2026, 2, 28)
    assert (usage.posts, usage.left) == (0, 2)
    usage.charge(["3"])
    clock.go_to(2026, 3, 30)
    assert usage.posts == 1


def test_what_the_stream_sent_is_what_the_usage_says() -> None:
    fake = FakeX(
        rate=FAST, count=500, rules=["RT OR the"], faults=["end@40", "duplicates:10", "end@60"]
    )
    with served(fake) as client:
        client.read()
        client.read()
        fields = "project_usage,project_cap,cap_reset_day,daily_project_usage"
        data = client.get(USAGE, days="1", **{"usage.fields": fields}).json()["data"]

    posts = len(set(fake.sent))
    assert len(fake.sent) == posts + 10 > 100 - 1
    assert data["project_usage"] == str(posts)
    assert (data["project_cap"], data["cap_reset_day"]) == ("3000000", 1)
    assert [day["usage"] for day in data["daily_project_usage"]["usage"]] == [str(posts)]
    assert fake.status()["posts_charged"] == posts


@pytest.mark.parametrize(
    "query", [{"days": "0"}, {"days": "91"}, {"days": "x"}, {"usage.fields": "price"}]
)
def test_what_the_usage_cannot_say_is_refused(query: dict[str, str]) -> None:
    with served(FakeX()) as client:
        answer = client.get(USAGE, **query)

    assert answer.status_code == 400
    assert answer.json()["title"] == "Invalid Request"


def test_the_usage_has_a_limit_and_wants_credentials() -> None:
    with served(FakeX(limits=Limits(usage=1))) as client:
        assert client.get(USAGE).status_code == 200
        assert client.get(USAGE).status_code == 429
    with served(FakeX()) as client:
        assert requests.get(client.url + USAGE, timeout=60).status_code == 401


def test_beyond_the_cap_of_posts_the_stream_ends_and_no_connect_succeeds() -> None:
    fake = FakeX(rate=FAST, rules=["RT OR the"], limits=Limits(posts=25))
    with served(fake) as client:
        body = client.read()
        with client.stream() as refused:
            problem = refused.json()

    assert len(body.ids) == 25
    assert body.completed
    assert refused.status_code == 429
    assert problem["type"].endswith("usage-capped")
