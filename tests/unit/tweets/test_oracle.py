"""The second reading of the contract, by examples and beside the function's."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.errors import Rejected
from tests.examples import examples
from tests.tweets import to_item
from tweets import fakes
from tweets.fakes.malformed import VARIETIES
from tweets.oracle import expected_item

LONG = "Every word of what somebody said at length, to the very last one: " + "word " * 40
CUT = LONG[:120] + "…"

V1 = {
    "created_at": "Fri May 03 08:09:10 +0000 2019",
    "id": 1124222222222222336,
    "id_str": "1124222222222222336",
    "text": "short",
    "user": {"id": 31, "id_str": "31", "name": "Uma Probe", "screen_name": "uma_probe"},
}
V1_RETWEET = V1 | {
    "text": f"RT @kai_test: {CUT}",
    "retweeted_status": {
        **V1,
        "id_str": "1124111111111111168",
        "text": CUT,
        "extended_tweet": {"full_text": LONG},
        "user": {"id_str": "32", "name": "Kai", "screen_name": "kai_test"},
    },
}
POST = {
    "id": "1124222222222222336",
    "author_id": "31",
    "created_at": "2019-05-03T08:09:10.000Z",
    "text": "short",
}
UMA = {"id": "31", "name": "Uma Probe", "username": "uma_probe"}
KAI = {"id": "32", "name": "Kai", "username": "kai_test"}
ORIGINAL = POST | {"id": "1124111111111111168", "author_id": "32", "text": LONG}
REPOST = POST | {
    "text": f"RT @kai_test: {CUT}",
    "referenced_tweets": [
        {"type": "quoted", "id": "5"},
        {"type": "retweeted", "id": ORIGINAL["id"]},
    ],
}
INCLUDES = {"users": [KAI, UMA], "tweets": [ORIGINAL]}
FLAT_REPOST = REPOST | {
    "author": UMA,
    "referenced_tweets": [{"type": "retweeted"} | ORIGINAL | {"author": KAI}],
}
ITEM = {
    "Username": "Uma Probe",
    "Id": "1124222222222222336",
    "Timestamp": "2019-05-03T08:09:10.000Z",
    "Message": "short",
}
REPOSTED = ITEM | {"Message": f"RT @kai_test: {LONG}"}


def without(tweet: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in tweet.items() if key != name}


SHAPES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "v1.1": (V1, ITEM),
    "v1.1 retweet": (V1_RETWEET, REPOSTED),
    "v2 in its envelope": ({"data": POST, "includes": INCLUDES}, ITEM),
    "v2 retweet in its envelope": ({"data": REPOST, "includes": INCLUDES}, REPOSTED),
    "v2 bare": (POST, ITEM | {"Username": "31"}),
    "v2 with its author inside": (POST | {"author": UMA}, ITEM),
    "v2 retweet, flattened": (FLAT_REPOST, REPOSTED),
    "v1.1 without a time": (
        # A pair of id and time that was published.
        without(V1, "created_at") | {"id_str": "1233161576649121792"},
        ITEM | {"Id": "1233161576649121792", "Timestamp": "2020-02-27T22:46:45.564Z"},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_becomes_its_item(shape: str) -> None:
    tweet, item = SHAPES[shape]

    assert expected_item(json.dumps(tweet).encode()) == item


@pytest.mark.parametrize(
    "tweet",
    [
        without(V1, "user"),
        without(V1, "created_at") | {"id_str": "20"},
        V1 | {"created_at": 1556870950000},
        V1 | {"created_at": "2019-05-03T08:09:10"},
        {"id": "tag:5", "objectType": "activity", "body": "hi", "actor": {"displayName": "Uma"}},
        {"delete": {"status": {"id": 1, "user_id": 2}}},
        [V1],
        None,
    ],
)
def test_what_is_no_tweet_must_be_rejected(tweet: object) -> None:
    assert expected_item(json.dumps(tweet).encode()) is None


def the_functions(data: bytes) -> dict[str, str] | None:
    try:
        item = to_item(data)
    except Rejected:
        return None
    attributes: Any = item
    return {name: value["S"] for name, value in attributes.items()}


VALUES: list[Any] = [
    *(None, True, 0, -7, 31, 1.5, 1124222222222222336, 29700859247, 29700859248, 1 << 63, [], {}),
    *("", " ", "\u3000", "31", "٣١", " 31", "1_0", "0" * 19, "9" * 19, "9" * 20, "\ud83d", "é"),
    *("RT @kai_test: x", "RT @: y", "RT @a b: c", "RT @kai\ntest: z", "NaN", CUT, "x" * 2049),
    *("Fri May 03 08:09:10 +0000 2019", "Fri May 03 08:09:10 -2359 0001", "fri may 03 08:09:10 Z"),
    *("Fri Mai 03 08:09:10 +0000 2019", "Abc May 03 08:09:10 +0000 2019", "2019-05-03"),
    *("2019-05-03T08:09:10Z", "2019-05-03T08:09:10.123456789+0530", "2019-05-03T08:09:60Z"),
    *("2019-05-03T08:09:10.5-23:59", "2019-05-03T08:09:10+24:00", "0001-01-01T00:00:00+00:01"),
    *("2019-05-03T08:09:10+00:60", "2019-05-03t08:09:10z", "2019-02-29T08:09:10Z", "retweeted"),
    *(UMA, KAI, POST, ORIGINAL, V1, [KAI, UMA], [None, ORIGINAL], REPOST["referenced_tweets"]),
]
KEYS = [
    *("id", "id_str", "created_at", "text", "full_text", "extended_tweet", "note_tweet"),
    *("user", "author", "author_id", "name", "username", "screen_name", "data", "includes"),
    *("retweeted_status", "referenced_tweets", "users", "tweets", "type", "actor", "$type"),
]


def objects(value: Any) -> list[dict[str, Any]]:
    """All objects in a tweet, itself first."""
    here = [value] if isinstance(value, dict) else []
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return here + [found for each in inside for found in objects(each)]


@st.composite
def edited(draw: st.DrawFn) -> bytes:
    """A tweet of any shape, of which up to four values are other ones or gone."""
    tweet = deepcopy(draw(st.sampled_from([tweet for tweet, _ in SHAPES.values()])))
    for _ in range(draw(st.integers(0, 4))):
        found = draw(st.sampled_from(objects(tweet)))
        if draw(st.booleans()) and found:
            found.pop(draw(st.sampled_from(sorted(found))))
        else:
            found[draw(st.sampled_from(KEYS))] = deepcopy(draw(st.sampled_from(VALUES)))
    return json.dumps(tweet).encode()


@pytest.mark.heavy
@given(edited())
@settings(max_examples=examples(400))
def test_the_function_reads_whatever_may_be_a_tweet_alike(data: bytes) -> None:
    assert expected_item(data) == the_functions(data)


@given(st.integers(0, 10_000), st.integers(0, len(VARIETIES) - 1), st.sampled_from(["v1", "v2"]))
@settings(max_examples=examples(60))
def test_both_read_fake_tweets_as_what_they_are(
    index: int, variety: int, shape: fakes.Shape
) -> None:
    tweet = fakes.FakeTweets(9).tweet(index)
    data = fakes.render(tweet, shape)
    spoiled = VARIETIES[variety](tweet, shape)

    assert expected_item(data) == the_functions(data) == fakes.expected_item(tweet)
    assert expected_item(spoiled) is None
    assert the_functions(spoiled) is None
