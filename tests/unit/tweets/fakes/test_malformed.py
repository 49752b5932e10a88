from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tweets.fakes import FakeTweets, records
from tweets.fakes.malformed import VARIETIES, malformed


def _fault(data: bytes) -> str:
    """Why `data` can't be stored, found out the way a strict consumer would."""
    try:
        payload = json.loads(data.decode())
    except UnicodeDecodeError:
        return "not UTF-8"
    except ValueError:
        return "cut" if data.startswith(b"{") else "not JSON"
    if not isinstance(payload, dict):
        return type(payload).__name__
    if "objectType" in payload:
        return "Activity Streams"
    if "data" in payload:
        return _fault_of(payload["data"], "author_id", "%Y-%m-%dT%H:%M:%S.%fZ")
    return _fault_of(payload, "user", "%a %b %d %H:%M:%S %z %Y")


def _fault_of(tweet: dict[str, Any], author: str, time_format: str) -> str:
    if not tweet.keys() & {"id", "id_str"}:
        return "no id"
    if author not in tweet:
        return "no author"
    try:
        datetime.strptime(tweet["created_at"], time_format)
    except (TypeError, ValueError):
        return "no date"
    return "none"


FAULTS = {
    "not JSON",
    "cut",
    "not UTF-8",
    "list",
    "int",
    "NoneType",
    "no id",
    "no author",
    "no date",
    "Activity Streams",
}


@pytest.mark.parametrize("shape", ["v1", "v2"])
def test_every_variety_has_a_fault_and_every_fault_occurs(shape: Any) -> None:
    tweet = FakeTweets(7).tweet(-1)
    found = [_fault(malformed(tweet, shape, variety)) for variety in range(len(VARIETIES))]
    assert set(found) == FAULTS


@pytest.mark.parametrize("shape", ["v1", "v2"])
def test_without_author_nothing_names_one(shape: Any) -> None:
    tweet = FakeTweets(7).tweet(-1)
    payloads = [malformed(tweet, shape, variety) for variety in range(len(VARIETIES))]
    [data] = [data for data in payloads if _fault(data) == "no author"]
    payload = json.loads(data)
    assert not {"user", "includes"} & payload.keys()


def test_all_faults_occur_in_a_stream() -> None:
    stream = records(7, count=300, malformed=1.0)
    assert {_fault(record.data) for record in stream if record.kind == "malformed"} == FAULTS


def test_no_two_malformed_payloads_of_a_stream_are_equal() -> None:
    stream = records(7, count=3000, malformed=1.0)
    payloads = [record.data for record in stream if record.kind == "malformed"]
    assert len(set(payloads)) == len(payloads) == 3000


def test_the_same_fault_is_told_apart_by_its_tweet() -> None:
    fakes = FakeTweets(7)
    for variety in range(len(VARIETIES)):
        payloads = {malformed(fakes.tweet(-1 - n), "mixed", variety) for n in range(300)}
        assert len(payloads) == 300


def test_no_malformed_payload_is_blank_or_holds_a_newline() -> None:
    for record in records(7, count=500, malformed=1.0):
        assert b"\n" not in record.data
        assert b"\r" not in record.data
        assert record.data.strip()
        assert record.partition_key


def test_malformed_ones_carry_no_id_of_a_tweet_of_the_stream() -> None:
    stream = list(records(7, count=500, malformed=1.0))
    fakes = FakeTweets(7)
    ids = {fakes.tweet(index).id.encode() for index in range(500)}
    spoilt = b"\n".join(record.data for record in stream if record.kind == "malformed")
    assert not [id_ for id_ in ids if id_ in spoilt]
