from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.tweets.fakes.x_api.client import STREAM, served
from tweets.fakes import FakeTweets
from tweets.fakes.model import Tweet
from tweets.fakes.x_api import FakeX
from tweets.fakes.x_api.fields import Fields, FieldsError

FAKES = FakeTweets(0)
TWEETS = [FAKES.tweet(index) for index in range(300)]
REPLY = next(tweet for tweet in TWEETS if tweet.reply_to)
QUOTE = next(tweet for tweet in TWEETS if tweet.quote_of)
PLAIN = next(tweet for tweet in TWEETS if not tweet.mentions and not tweet.quote_of)


def post(tweet: Tweet, **query: str) -> Any:
    fields = Fields.from_query(
        (name.replace("_fields", ".fields"), text) for name, text in query.items()
    )
    line = fields.line(tweet, ())
    assert line.endswith(b"}\r\n")
    assert line.count(b"\n") == line.count(b"\r") == 1
    return json.loads(line)


def test_without_a_query_there_are_the_default_fields_alone() -> None:
    assert post(PLAIN) == {
        "data": {
            "id": PLAIN.id,
            "text": PLAIN.text,
            "edit_history_tweet_ids": [PLAIN.id],
        },
        "matching_rules": [],
    }


def test_the_fields_asked_for_come_with_the_default_ones() -> None:
    data = post(PLAIN, tweet_fields="created_at,lang")["data"]
    assert data.keys() == {"id", "text", "edit_history_tweet_ids", "created_at", "lang"}
    assert data["created_at"] == f"{PLAIN.created_at:%Y-%m-%dT%H:%M:%S}.000Z"


def test_a_field_without_a_value_is_left_out() -> None:
    assert "geo" not in post(PLAIN, tweet_fields="geo,withheld")["data"]


def test_the_author_comes_with_the_expansion_alone() -> None:
    assert "includes" not in post(REPLY, tweet_fields="author_id", user_fields="name")
    expanded = post(REPLY, expansions="author_id")
    assert expanded["data"]["author_id"] == REPLY.author.id
    assert expanded["includes"] == {
        "users": [
            {
                "id": REPLY.author.id,
                "name": REPLY.author.name,
                "username": REPLY.author.screen_name,
            }
        ]
    }


def test_users_have_the_fields_asked_for() -> None:
    user = post(REPLY, expansions="author_id", user_fields="verified")["includes"]["users"][0]
    assert user.keys() == {"id", "name", "username", "verified"}


def test_what_a_post_refers_to_can_be_expanded() -> None:
    assert REPLY.reply_to is not None
    assert QUOTE.quote_of is not None
    expansions = "author_id,in_reply_to_user_id,entities.mentions.username"
    users = post(REPLY, expansions=expansions)["includes"]["users"]
    assert {user["id"] for user in users} == {REPLY.author.id, REPLY.reply_to.author.id}
    quote = post(QUOTE, expansions="referenced_tweets.id,referenced_tweets.id.author_id")
    assert quote["data"]["referenced_tweets"] == [{"type": "quoted", "id": QUOTE.quote_of.id}]
    assert [one["id"] for one in quote["includes"]["tweets"]] == [QUOTE.quote_of.id]
    assert [one["id"] for one in quote["includes"]["users"]] == [QUOTE.quote_of.author.id]


def test_a_long_text_is_whole_in_note_tweet() -> None:
    tweet = next(tweet for tweet in map(FAKES.tweet, range(5000)) if len(tweet.text) > 280)
    data = post(tweet, tweet_fields="note_tweet")["data"]
    assert data["note_tweet"]["text"] == tweet.text
    assert len(data["text"]) < 280


@pytest.mark.parametrize(
    "query",
    [
        {"tweet.fields": "created_at,colour"},
        {"tweet.fields": ""},
        {"user.fields": "shoe_size"},
        {"expansions": "author"},
        {"track": "cat"},
        {"backfill_minutes": "5"},
    ],
)
def test_an_unknown_field_or_parameter_is_an_invalid_request(query: dict[str, str]) -> None:
    with pytest.raises(FieldsError) as refusal:
        Fields.from_query(query.items())
    assert refusal.value.problem["type"] == "https://api.x.com/2/problems/invalid-request"
    assert next(iter(query)) in str(refusal.value.problem["errors"])


def test_the_stream_refuses_unknown_fields_and_takes_all_known_ones() -> None:
    with served(FakeX(rules=["cat"], faults=["end"])) as client:
        answer = client.get(STREAM, **{"tweet.fields": "colour"})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["parameters"] == {"tweet.fields": ["colour"]}
        names = {"media.fields": "url", "poll.fields": "options", "place.fields": "geo"}
        assert client.get(STREAM, **names).status_code == 200
