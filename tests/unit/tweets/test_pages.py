from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from typing import Any

import pytest

from producer.files.reading import held_back
from tests.tweets import open_tweets, to_item
from tests.unit.producer.files.conftest import Keep
from tests.unit.producer.files.forms import Write, array, json_of, lines
from tweets.refusals import if_long_page

USERS = [{"id": str(n), "name": f"N{n}", "username": f"u{n}"} for n in range(1, 6)]
PAGE: dict[str, Any] = {
    "data": [
        {
            "id": "11",
            "author_id": "1",
            "text": "first \u2028 {]",
            "created_at": "2022-06-10T10:46:42.000Z",
            "referenced_tweets": [
                {"type": "quoted", "id": "21"},
                {"type": "replied_to", "id": "9"},
            ],
            "attachments": {"media_keys": ["3_1"]},
        },
        {
            "id": "12",
            "author_id": "2",
            "text": "second",
            "created_at": "2022-06-10T10:46:43.000Z",
            "attachments": {"poll_ids": ["41"]},
            "geo": {"place_id": "p1"},
        },
    ],
    "includes": {
        "users": USERS,
        "tweets": [
            {"id": "21", "author_id": "3", "text": "q", "attachments": {"media_keys": ["3_2"]}},
            {"id": "22", "author_id": "4", "text": "of nobody here"},
        ],
        "media": [{"media_key": f"3_{n}", "type": "photo"} for n in range(1, 4)],
        "polls": [{"id": "41", "options": []}],
        "places": [{"id": "p1", "full_name": "Here"}, {"id": "p2", "full_name": "There"}],
    },
    "meta": {"result_count": 2},
    "errors": [{"title": "Not Found Error", "detail": "Could not find tweet 9.", "type": "x"}],
    "__twarc": {"version": "2.10.0"},
}
POSTS = [
    {
        "data": PAGE["data"][0],
        "includes": {
            "users": [USERS[0], USERS[2]],
            "tweets": [PAGE["includes"]["tweets"][0]],
            "media": PAGE["includes"]["media"][:2],
        },
    },
    {
        "data": PAGE["data"][1],
        "includes": {
            "users": [USERS[1]],
            "polls": PAGE["includes"]["polls"],
            "places": PAGE["includes"]["places"][:1],
        },
    },
]

FORMS: list[Write] = [
    lines,
    lambda pages: b"\n".join(json.dumps(page, indent=2).encode() for page in pages),
    array,
    lambda pages: array(pages, indent="\t"),
    lambda pages: b"\n".join(
        json_of(dict(reversed(page.items())))
        for page in pages  # includes before data
    ),
]


@pytest.mark.parametrize("write", FORMS)
def test_a_page_becomes_its_posts_each_with_what_it_needs(keep: Keep, write: Write) -> None:
    reading = open_tweets(keep(write([PAGE, PAGE])))

    given = [piece.record for piece in reading]

    posts = [json.loads(record.data) for record in given]
    assert posts == POSTS * 2
    assert [record.partition_key for record in given] == ["u1", "u2"] * 2
    assert [to_item(record.data)["Username"]["S"] for record in given] == ["N1", "N2"] * 2
    assert reading.messages == {"error message": 2}


def test_a_post_of_a_page_keeps_its_bytes(keep: Keep) -> None:
    post = rb'{"id": "1","author_id":"1","n":1.10,"text":"\ud800 \/","created_at":"x" }'
    user = b'{"id":"1","username": "u1","name":"\xc3\xa4"}'
    page = b'{"data":[%b] , "includes":{"users":[%b]}, "meta":{}}' % (post, user)

    (piece,) = open_tweets(keep(page))

    assert piece.record.data == b'{"data": %b, "includes": {"users": [%b]}}' % (post, user)


def test_a_page_without_includes_gives_bare_posts_in_their_envelope(keep: Keep) -> None:
    pieces = open_tweets(keep(json_of({"data": PAGE["data"], "meta": {}})))
    assert [json.loads(piece.record.data) for piece in pieces] == [
        {"data": post} for post in PAGE["data"]
    ]


def test_of_a_key_that_is_there_twice_the_last_counts(keep: Keep) -> None:
    page = json_of(PAGE).replace(b'"users": [', b'"users": [], "users": [', 1)
    pieces = open_tweets(keep(page.replace(b'"data": [', b'"data": [], "data": [', 1)))
    assert [json.loads(piece.record.data) for piece in pieces] == POSTS


@pytest.mark.skipif(shutil.which("jq") is None, reason="the command is jq's")
def test_the_command_for_a_page_that_is_too_long_keeps_all_that_its_posts_need(
    keep: Keep,
) -> None:
    many = PAGE | {"data": PAGE["data"] * 300}
    path = keep(json_of(many))
    command = if_long_page(str(path)).partition("shorter ones:\n")[2].partition(" | tweetpipe")[0]

    made = subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout

    assert len(made.splitlines()) == 2
    assert [json.loads(p.record.data) for p in open_tweets(keep(made))] == POSTS * 300


def test_a_single_answer_is_a_record_as_it_is(keep: Keep) -> None:
    answer = json_of({"data": PAGE["data"][0], "includes": {"users": USERS}, "errors": []})
    (piece,) = open_tweets(keep(answer))
    assert piece.record.data == answer


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ({"meta": {"result_count": 0}}, "page without tweets"),
        ({"data": [], "meta": {"result_count": 0}}, "page without tweets"),
        ({"data": None, "meta": {"result_count": 0}}, "page without tweets"),
        ({"statuses": [], "search_metadata": {}}, "page without tweets"),
        ({"results": [], "requestParameters": {}}, "page without tweets"),
        ({"errors": [{"title": "Gone", "type": "x"}]}, "error message"),
    ],
)
def test_an_empty_page_is_counted(keep: Keep, page: dict[str, Any], name: str) -> None:
    reading = open_tweets(keep(json_of(page)))
    assert list(reading) == []
    assert reading.messages == {name: 1}


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"delete": {"status": {"id": 1, "user_id": 2}, "timestamp_ms": "1"}}, "delete"),
        ({"scrub_geo": {"user_id": 1, "up_to_status_id": 2}}, "location removal"),
        ({"limit": {"track": 12}}, "limit notice"),
        ({"status_withheld": {"id": 1, "user_id": 2}}, "withheld-tweet notice"),
        ({"user_withheld": {"id": 1}}, "withheld-user notice"),
        ({"warning": {"code": "FALLING_BEHIND"}}, "warning"),
        ({"disconnect": {"code": 4, "reason": ""}}, "disconnect"),
        ({"friends": [1, 2]}, "friends list"),
        ({"friends_str": ["1", "2"]}, "friends list"),
        ({"event": "follow", "source": {"id": 1}, "target": {"id": 2}}, "event"),
        ({"direct_message": {"id": 1, "text": "hi"}}, "direct message"),
        ({"control": {"control_uri": "/1.1/site/c/01"}}, "control message"),
        ({"user_delete": {"id": 1, "timestamp_ms": "1"}}, "user notice"),
        ({"data": {"tweet_delete": {"tweet": {"id": "1"}}}}, "compliance message"),
        ({"data": {"user_suspend": {"user": {"id": "1"}}}}, "compliance message"),
        ({"errors": [{"title": "Odd"}]}, "error message"),
        (
            {"title": "operational-disconnect", "type": "x/operational-disconnect"},
            "disconnect",
        ),
        ({"for_user": "1", "message": {"delete": {"status": {"id": 1}}}}, "delete"),
    ],
)
@pytest.mark.parametrize("write", [lines, array], ids=["lines", "array"])
def test_messages_of_a_stream_are_counted_and_not_sent(
    keep: Keep, message: dict[str, Any], name: str, write: Write
) -> None:
    tweet = {"id": 1, "text": "hi", "user": {"screen_name": "ada"}}
    reading = open_tweets(keep(write([tweet, message, tweet])))

    assert [json.loads(piece.record.data) for piece in reading] == [tweet, tweet]
    assert reading.messages == {name: 1}


@pytest.mark.parametrize(
    "content",
    [
        {"news": 1},
        {"delete": 1},
        {"limit": {"track": 1}, "id": 1},
        {"event": "party"},
        {"friends": 2},
        {"data": [1]},
        {"data": []},
        {"data": {}},
        {"data": {"id": "1"}},
        {"statuses": {}},
        {"results": [1]},
        {"errors": []},
        {"tweet": {"no": 1}},
        {"meta": {}},
    ],
)
def test_what_is_only_unknown_is_the_functions_to_judge(
    keep: Keep, content: dict[str, Any]
) -> None:
    (piece,) = open_tweets(keep(json_of(content)))
    assert piece.record.data == json_of(content)


def test_a_message_for_a_user_is_taken_out_of_its_envelope(keep: Keep) -> None:
    tweet = {"id": 1, "text": "hi", "user": {"screen_name": "ada"}}
    (piece,) = open_tweets(keep(json_of({"for_user": 7, "message": tweet})))
    assert piece.record.data == json_of(tweet)
    assert piece.record.partition_key == "ada"


def test_blank_lines_between_tweets_are_counted_and_those_at_the_end_are_not(keep: Keep) -> None:
    reading = open_tweets(keep(b'{"a":1}\r\n\r\n \r\n{"a":2}\n\n\n'))
    assert len(list(reading)) == 2
    assert held_back(reading.messages) == "2 blank lines"


def test_what_was_held_back_is_said_in_words() -> None:
    assert (
        held_back(Counter({"delete": 2_000, "limit notice": 1})) == "2,000 deletes, 1 limit notice"
    )
    assert held_back(Counter()) == ""


def test_a_resumed_run_counts_no_message_twice(keep: Keep) -> None:
    path = keep(array([{"text": "1"}, {"limit": {}}, {"text": "2"}, {"delete": {}}, {"text": "3"}]))
    first, second, third = open_tweets(path)
    assert (first.start, first.end, third.end) == (0, 1, 3)

    reading = open_tweets(path, start=second.end)
    assert [piece.record.data for piece in reading] == [b'{"text": "3"}']
    assert reading.messages == {"delete": 1}


def test_a_run_that_ended_within_a_page_goes_on_with_the_page(keep: Keep) -> None:
    path = keep(lines([PAGE, PAGE]))
    pieces = list(open_tweets(path))
    ends = [piece.end for piece in pieces]

    line = len(lines([PAGE]))
    assert ends == [0, line, line, 2 * line]
    assert len(list(open_tweets(path, start=ends[2]))) == 2
