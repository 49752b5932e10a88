from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tweets.fakes.x_api.client import FAST, served
from tweets.fakes import FakeTweets
from tweets.fakes.render_v2 import render_v2
from tweets.fakes.x_api import FakeX, Recording
from tweets.fakes.x_api.matching import Facts, compile_rule

COUNT = 300
DELETE = b'{"delete":{"status":{"id":"1","user_id":"2"}}}'
RUBBISH = b"\xff rubbish"


def post(id_: str, text: str, **more: Any) -> bytes:
    content = {"data": {"id": id_, "text": text, **more}, "matching_rules": [{"id": "7"}]}
    return json.dumps(content).encode()


def recorded(*lines: bytes, end: bytes = b"\r\n") -> bytes:
    return b"".join(line + end for line in lines)


def sent(recording: bytes, path: Path, *, rules: Sequence[str] = ("yolo",)) -> list[bytes]:
    path.write_bytes(recording)
    fake = FakeX(rate=FAST, recording=Recording.read(path), rules=rules)
    with served(fake) as client, client.stream() as response:
        fake.wait_until(lambda fake: fake.next_index == fake.count)
        fake.add_faults("end")
        return [line for line in response.content.split(b"\r\n") if line]


@pytest.mark.parametrize("packed", [False, True])
def test_a_recorded_stream_is_sent_once_more_by_the_rules_of_now(
    packed: bool, tmp_path: Path
) -> None:
    first, last = post("1", "a yolo", odd={"é": [1]}), post("3", "Yolo!")
    stream = recorded(b"", DELETE, first, b"", post("2", "none"), RUBBISH, last, DELETE)

    lines = sent(gzip.compress(stream) if packed else stream, tmp_path / "recorded")

    assert [line if line in (DELETE, RUBBISH) else json.loads(line) for line in lines] == [
        DELETE,
        json.loads(first) | {"matching_rules": [{"id": "1594000000000000001", "tag": ""}]},
        RUBBISH,
        json.loads(last) | {"matching_rules": [{"id": "1594000000000000001", "tag": ""}]},
        DELETE,
    ]


@pytest.mark.parametrize(
    "rule",
    [
        *("the", "RT", '"it is"', "#love OR #news", "has:links the", "is:retweet a", "is:quote a"),
        *("is:reply a", "lang:en the", "the has:mentions", "the has:hashtags -is:retweet"),
    ],
)
def test_recorded_posts_match_as_those_that_they_were_made_of(rule: str, tmp_path: Path) -> None:
    tweets = FakeTweets(5)
    made = [tweets.tweet(index) for index in range(COUNT)]
    recording = Recording(map(render_v2, made))
    matches = compile_rule(rule)

    assert [tweet.id for tweet in recording.tweets if matches(Facts(tweet))] == [
        tweet.id for tweet in made if matches(Facts(tweet))
    ]


def test_rules_ask_for_authors_and_mentions_of_recorded_posts_too() -> None:
    made = next(
        t for t in map(FakeTweets(5).tweet, range(COUNT)) if t.mentions and not t.retweet_of
    )
    [tweet] = Recording([render_v2(made)]).tweets

    for rule in (f"from:{made.author.screen_name}", f"@{made.mentions[0].screen_name}"):
        assert compile_rule(rule)(Facts(tweet))
    assert tweet.created_at == made.created_at


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no post"),
        (DELETE, "no post"),
        (b'{"id_str": "1", "text": "v1"}', "no post"),
        (gzip.compress(recorded(post("1", "a")), mtime=0)[:-9], "incomplete"),
        (b"\x1f\x8b no gzip", "gzip"),
    ],
)
def test_a_file_that_is_no_recorded_stream_is_refused(
    content: bytes, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "recorded"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=says):
        Recording.read(path)


@pytest.mark.parametrize("odd", [None, 7, "x", [], [7], {"users": 7, "tweets": [{}]}])
def test_whatever_a_recorded_post_holds_beside_its_text_it_is_a_post(odd: object) -> None:
    data = {"id": "1", "text": "yolo", "entities": odd, "referenced_tweets": odd, "created_at": odd}
    recording = Recording([json.dumps({"data": data, "includes": odd}).encode()])

    assert compile_rule("yolo")(Facts(recording.tweets[0]))
