from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.errors import Reason, Rejected
from tests.tweets import to_item
from tests.unit.processor.events import encode, v1_tweet, v2_tweet
from tweets.fakes import FakeTweets
from tweets.fakes.render_v2 import render_v2
from tweets.fakes.x_api.fields import Fields
from tweets.item import Unusable
from tweets.x import api

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = TEXT.filter(lambda name: bool(name.strip()))


def stored(tweet: object) -> dict[str, str]:
    """The item's attributes as plain strings."""
    item: Any = to_item(encode(tweet))
    return {name: value["S"] for name, value in item.items()}


def rejection(data: bytes) -> Rejected:
    with pytest.raises(Rejected) as caught:
        to_item(data)
    return caught.value


def test_a_v1_tweet_becomes_an_item() -> None:
    assert to_item(encode(v1_tweet(5))) == {
        "Username": {"S": "Ana Example"},
        "Id": {"S": "5"},
        "Timestamp": {"S": "2018-10-10T20:19:24.000Z"},
        "Message": {"S": "Tweet 5 \N{SNOWMAN}"},
    }


def test_a_v2_tweet_becomes_an_item() -> None:
    assert to_item(encode(v2_tweet(5))) == {
        "Username": {"S": "Ben Example"},
        "Id": {"S": "5"},
        "Timestamp": {"S": "2018-10-10T20:19:24.123Z"},
        "Message": {"S": "Tweet 5 \N{SNOWMAN}"},
    }


@given(name=NAMES, text=TEXT, number=st.integers(0, 2**63))
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_names_and_texts_arrive_unchanged_from_both_shapes(
    ensure_ascii: bool, name: str, text: str, number: int
) -> None:
    v1 = v1_tweet(number, user={"name": name}, text=text)
    v2 = v2_tweet(number, text=text)
    v2["includes"] = {"users": [{"id": "8", "name": name}]}

    for tweet in (v1, v2):
        item = to_item(json.dumps(tweet, ensure_ascii=ensure_ascii).encode())
        assert (item["Username"]["S"], item["Id"]["S"]) == (name, str(number))
        assert item["Message"]["S"] == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"extended_tweet": {"full_text": "longest"}, "full_text": "longer"}, "longest"),
        ({"full_text": "longer"}, "longer"),
        ({"extended_tweet": {"entities": {}}}, "Tweet 1 \N{SNOWMAN}"),
        ({"extended_tweet": None, "full_text": None}, "Tweet 1 \N{SNOWMAN}"),
        ({"text": ""}, ""),
    ],
)
def test_a_v1_tweet_is_stored_with_its_fullest_text(changes: dict[str, Any], text: str) -> None:
    assert stored(v1_tweet(**changes))["Message"] == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"note_tweet": {"text": "longer"}}, "longer"),
        ({"note_tweet": {}}, "Tweet 1 \N{SNOWMAN}"),
        ({"text": ""}, ""),
    ],
)
def test_a_v2_tweet_is_stored_with_its_fullest_text(changes: dict[str, Any], text: str) -> None:
    assert stored(v2_tweet(**changes))["Message"] == text


@pytest.mark.parametrize(
    ("user", "username"),
    [
        ({"name": " Ana ", "screen_name": "ana", "id_str": "7"}, " Ana "),
        ({"name": " \u3000\t", "screen_name": "ana", "id_str": "7"}, "ana"),
        ({"name": None, "screen_name": "", "id_str": "7"}, "7"),
        ({"name": 5, "id": 7}, "7"),
    ],
)
def test_a_blank_name_falls_back_in_v1(user: dict[str, Any], username: str) -> None:
    assert stored(v1_tweet(user=user))["Username"] == username


@pytest.mark.parametrize(
    ("users", "username"),
    [
        ([{"id": "8", "name": "", "username": "ben"}], "ben"),
        ([{"id": "8", "name": " ", "username": " "}], "8"),
        ([{"id": 8, "name": "Ben"}], "Ben"),
        ([{"id": "9", "name": "Somebody Else"}], "8"),
        (["8", None], "8"),
        ([], "8"),
        (None, "8"),
    ],
)
def test_a_blank_name_falls_back_in_v2(users: object, username: str) -> None:
    assert stored(v2_tweet() | {"includes": {"users": users}})["Username"] == username


def test_an_id_may_be_a_number() -> None:
    tweet = v1_tweet(id=1050118621198921728)
    del tweet["id_str"]

    assert stored(tweet)["Id"] == "1050118621198921728"


def test_a_byte_order_mark_is_skipped() -> None:
    assert to_item(b"\xef\xbb\xbf" + encode(v1_tweet())) == to_item(encode(v1_tweet()))


def test_the_last_of_duplicate_keys_counts() -> None:
    data = encode(v1_tweet())[:-1] + b', "text": "second"}'

    assert to_item(data)["Message"]["S"] == "second"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (b"not json", Reason.NOT_JSON),
        (encode(v1_tweet())[:-1], Reason.NOT_JSON),
        (encode(v1_tweet()) * 2, Reason.NOT_JSON),
        (encode(v1_tweet(score=float("nan"))), Reason.NOT_JSON),
        (encode(v1_tweet(score=float("-inf"))), Reason.NOT_JSON),
        (b'{"id": ' + b"9" * 5000 + b"}", Reason.NOT_JSON),
        (b"[" * 200_000, Reason.NOT_JSON),
        (b'{"a":' * 200_000, Reason.NOT_JSON),
        (json.dumps(v1_tweet()).encode("utf-16"), Reason.NOT_UTF_8),
        (b'{"text": "\xff"}', Reason.NOT_UTF_8),
        (b'{"text": "\xed\xa0\x80"}', Reason.NOT_UTF_8),
        (b"[]", Unusable.NOT_A_TWEET),
        (b"null", Unusable.NOT_A_TWEET),
        (b'"tweet"', Unusable.NOT_A_TWEET),
        (b"{}", Unusable.NOT_A_TWEET),
        (b'{"delete": {"status": {"id": 1}}}', Unusable.NOT_A_TWEET),
        (b'{"errors": [{"title": "operational-disconnect"}]}', Unusable.NOT_A_TWEET),
        (b'{"data": []}', Unusable.NOT_A_TWEET),
        (b'{"data": {}}', Unusable.NOT_A_TWEET),
    ],
    ids=range(21),
)
def test_what_is_no_tweet_is_rejected(data: bytes, reason: Reason) -> None:
    assert rejection(data).reason is reason


def without(tweet: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in tweet.items() if key not in keys}


@pytest.mark.parametrize(
    ("tweet", "reason"),
    [
        (without(v1_tweet(), "id", "id_str"), Unusable.NO_ID),
        (v1_tweet(id=True, id_str=" "), Unusable.NO_ID),
        (v1_tweet(id=1.5, id_str=None), Unusable.NO_ID),
        (v2_tweet(id=None), Unusable.NO_ID),
        (without(v2_tweet()["data"], "author_id"), Unusable.NO_AUTHOR),
        (without(v1_tweet(), "user"), Unusable.NO_AUTHOR),
        (v1_tweet(user="ana"), Unusable.NO_AUTHOR),
        (v1_tweet(user={"name": " "}), Unusable.NO_AUTHOR),
        (v2_tweet(author_id=None), Unusable.NO_AUTHOR),
        (without(v1_tweet(), "text"), Unusable.NO_TEXT),
        (v1_tweet(text=None), Unusable.NO_TEXT),
        (v2_tweet(text=5), Unusable.NO_TEXT),
        (without(v1_tweet(), "created_at"), Unusable.BAD_TIMESTAMP),
        (v1_tweet(created_at="yesterday"), Unusable.BAD_TIMESTAMP),
        (v2_tweet(created_at=1539202764), Unusable.BAD_TIMESTAMP),
        (v2_tweet(created_at="2018-02-30T00:00:00Z"), Unusable.BAD_TIMESTAMP),
        (v1_tweet(user={"name": "\u00e9" * 1025}), Reason.KEY_TOO_LONG),
        (v1_tweet(id_str="9" * 1025), Reason.KEY_TOO_LONG),
        (v1_tweet(text="x" * 401 * 1024), Reason.ITEM_TOO_LARGE),
        (v2_tweet(text="\N{SNOWMAN}" * 140_000), Reason.ITEM_TOO_LARGE),
    ],
    ids=range(20),
)
def test_an_unusable_tweet_is_rejected(tweet: dict[str, Any], reason: Reason) -> None:
    assert rejection(encode(tweet)).reason is reason


@pytest.mark.parametrize(
    "tweet", [v1_tweet(text="\ud800"), v1_tweet(id_str="\ud800")], ids=range(2)
)
def test_half_a_surrogate_pair_is_rejected(tweet: dict[str, Any]) -> None:
    assert rejection(json.dumps(tweet).encode()).reason is Reason.NOT_UNICODE


def test_an_item_of_exactly_400_kb_passes_and_one_byte_more_does_not() -> None:
    overhead = sum(len(name) + len(value) for name, value in stored(v1_tweet(text="")).items())
    largest = "x" * (409_600 - overhead)

    assert stored(v1_tweet(text=largest))["Message"] == largest
    assert rejection(encode(v1_tweet(text=largest + "x"))).reason is Reason.ITEM_TOO_LARGE


def test_the_longest_keys_pass() -> None:
    item = stored(v1_tweet(user={"name": "\u00e9" * 1024}, id_str="9" * 1024))

    assert (len(item["Username"]), len(item["Id"])) == (1024, 1024)


@pytest.mark.parametrize(
    "tweet",
    [
        v1_tweet(text="secret", created_at="secret"),
        v1_tweet(text="secret", user={"name": "secret" * 2000}),
        v1_tweet(text="secret" * 100_000),
    ],
    ids=range(3),
)
def test_a_rejection_quotes_nothing_of_the_tweet(tweet: dict[str, Any]) -> None:
    assert "secret" not in rejection(encode(tweet)).detail


FIELDS = st.sampled_from(
    ["data", "id", "id_str", "user", "name", "text", "created_at", "includes", "users", "author_id"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_either_storable_or_rejected(value: object) -> None:
    try:
        item = to_item(json.dumps(value).encode())
    except Rejected:
        return
    assert item["Username"]["S"]
    assert item["Id"]["S"]


def test_what_is_requested_of_x_makes_the_same_item_as_all_that_x_has() -> None:
    requested = Fields.from_query(api.FIELDS.items())
    fakes = FakeTweets(3)
    tweets = [fakes.tweet(index) for index in range(500)]

    assert any(tweet.retweet_of for tweet in tweets)
    for tweet in tweets:
        assert to_item(requested.line(tweet, ())) == to_item(render_v2(tweet)), tweet
