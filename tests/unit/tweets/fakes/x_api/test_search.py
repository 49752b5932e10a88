from __future__ import annotations

from typing import Any

import pytest

from tests.unit.tweets.fakes.x_api.client import Client, served
from tweets.fakes.x_api import FakeX, Limits

SEARCH = "/2/tweets/search/recent"
NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> float:
        return self.at


def live(clock: Clock, **more: Any) -> FakeX:
    return FakeX(**{"live": True, "rate": 1.0, "clock": clock, "match_all": True, **more})


def all_of(client: Client, **query: str) -> list[str]:
    """The ids on all pages, in the order in which they come."""
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = client.get(SEARCH, **query, **token)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += [post["id"] for post in body.get("data", [])]
        assert body["meta"]["result_count"] == len(body.get("data", []))
        if "next_token" not in body["meta"]:
            return found
        token = {"next_token": body["meta"]["next_token"]}


def iso(seconds_after: int) -> str:
    # NOW is 2027-01-15T08:00:00Z.
    return f"2027-01-15T08:{seconds_after // 60:02}:{seconds_after % 60:02}Z"


def test_posts_are_published_by_the_clock_while_nobody_is_connected() -> None:
    clock = Clock()
    x = live(clock)
    clock.at += 100

    x.catch_up()

    published = x.posts.between(NOW, clock.at + 1)
    assert [post.index for post in published] == list(range(101))
    first = published[0].tweet
    assert f"{first.created_at:%Y-%m-%dT%H:%M:%SZ}" == iso(0)
    assert x.post(first.id) == first == x.tweet(0)
    assert len({post.tweet.id for post in published}) == 101


@pytest.mark.parametrize("size", ["10", "33", "100"])
def test_all_pages_have_each_post_of_the_time_once_and_the_newest_first(size: str) -> None:
    clock = Clock()
    x = live(clock)
    clock.at += 600
    with served(x) as client:
        found = all_of(
            client, query="yolo", start_time=iso(60), end_time=iso(260), max_results=size
        )

    expected = [post.tweet.id for post in x.posts.between(NOW + 60, NOW + 260)]
    assert len(expected) == 200
    assert found == expected[::-1]


def test_a_search_matches_the_query_but_not_what_is_quoted() -> None:
    clock = Clock()
    x = live(clock, match_all=False, rate=10.0, rules=["yolo"])
    clock.at += 400
    with served(x) as client:
        found = all_of(client, query="yolo", start_time=iso(0), end_time=iso(200))

    published = [post.tweet for post in x.posts.between(NOW, NOW + 200)]
    streamed = {tweet.id for tweet in published if x.match(tweet)}
    unquoted = {tweet.id for tweet in published if x.match(tweet._replace(quote_of=None))}
    assert set(found) == unquoted < streamed


def test_what_is_new_is_found_some_seconds_later_and_some_of_it_later_still() -> None:
    clock = Clock()
    x = live(clock, search_lag=8.0)
    clock.at += 60
    with served(x) as client:
        soon = all_of(client, query="yolo", start_time=iso(0), end_time=iso(50))
        clock.at += 60
        later = all_of(client, query="yolo", start_time=iso(0), end_time=iso(50))

    missing = [x.tweet(index).id for index in (30, 40)]
    assert [id_ for id_ in later if id_ not in soon] == missing[::-1]
    assert len(later) == 50


def test_users_and_posts_that_are_referred_to_are_included() -> None:
    clock = Clock()
    with served(live(clock)) as client:
        clock.at += 200
        body = client.get(
            SEARCH,
            query="yolo",
            max_results="100",
            expansions="author_id,referenced_tweets.id",
        ).json()

    users = {user["id"] for user in body["includes"]["users"]}
    assert {post["author_id"] for post in body["data"]} <= users
    tweets = {tweet["id"] for tweet in body["includes"]["tweets"]}
    named = {ref["id"] for post in body["data"] for ref in post.get("referenced_tweets", [])}
    assert named == tweets


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({}, "query"),
        ({"query": "a" * 513}, "512"),
        ({"query": "yolo sample:10"}, "sample:"),
        ({"query": "bio:developer"}, "bio:"),
        ({"query": "(yolo"}, "parenthesis"),
        ({"query": "yolo", "end_time": iso(595)}, "10 seconds"),
        ({"query": "yolo", "start_time": "2027-01-08T07:59:59Z"}, "7 days"),
        ({"query": "yolo", "start_time": iso(20), "end_time": iso(20)}, "after"),
        ({"query": "yolo", "start_time": iso(20), "since_id": "1"}, "either"),
        ({"query": "yolo", "start_time": "yesterday"}, "a time such as"),
        ({"query": "yolo", "max_results": "9"}, "10 to 100"),
        ({"query": "yolo", "max_results": "101"}, "10 to 100"),
        ({"query": "yolo", "next_token": "?"}, "next_token"),
        ({"query": "yolo", "tweet.fields": "taste"}, "taste"),
    ],
)
def test_a_request_that_x_does_not_take_is_refused_with_the_reason(
    query: dict[str, str], says: str
) -> None:
    clock = Clock()
    with served(live(clock)) as client:
        clock.at += 600
        answer = client.get(SEARCH, **query)

    assert answer.status_code == 400
    assert says in answer.text


def test_ids_bound_a_search_as_times_do() -> None:
    clock = Clock()
    x = live(clock)
    clock.at += 100
    x.catch_up()
    since, until = x.tweet(20).id, x.tweet(30).id
    with served(x) as client:
        found = all_of(client, query="yolo", since_id=since, until_id=until)

    assert found == [x.tweet(index).id for index in range(29, 20, -1)]


def test_searches_are_limited_in_fifteen_minutes() -> None:
    with served(FakeX(limits=Limits(search=1))) as client:
        first, second = (client.get(SEARCH, query="yolo") for _ in range(2))

    assert first.status_code == 200
    assert first.headers["x-rate-limit-remaining"] == "0"
    assert second.status_code == 429


def test_the_date_of_an_answer_is_the_clock_s() -> None:
    with served(live(Clock())) as client:
        assert client.get(SEARCH, query="yolo").headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
