"""What becomes of the shapes in which people have tweets, and of what only looks like one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.errors import Reason, Rejected
from tests.tweets import to_item
from tests.unit.processor.events import encode, v1_tweet, v2_tweet
from tweets.item import Unusable
from tweets.oracle import expected_item

# The example in X's own documents, made on "Wed Oct 10 20:19:24 +0000 2018".
SNOWFLAKE = "1050118621198921728"
ITS_TIME = "2018-10-10T20:19:24.211Z"
ADA = {"id": "7", "name": "Ada Example", "username": "ada"}
BO = {"id": "19", "name": "Bo Muster", "username": "bo_muster"}
LONG = "A sentence that goes on &amp; on. " * 12 + "END"


def stored(tweet: object) -> dict[str, str]:
    item: Any = to_item(encode(tweet))
    return {name: value["S"] for name, value in item.items()}


def rejection(tweet: object) -> Rejected:
    with pytest.raises(Rejected) as caught:
        to_item(encode(tweet))
    return caught.value


def bare_post(**changes: Any) -> dict[str, Any]:
    post = {"id": "5", "author_id": "7", "created_at": "2022-06-10T10:46:42.000Z", "text": "hi"}
    return post | changes


@pytest.mark.parametrize(
    ("changes", "username"),
    [
        ({}, "7"),
        ({"author": ADA, "__twarc": {"url": "https://api.example/2"}}, "Ada Example"),
        ({"author": {"id": "7", "name": " ", "username": "ada"}}, "ada"),
        ({"author": {"id": "7"}}, "7"),
        ({"author": None}, "7"),
        ({"author_id": None, "author": ADA}, "Ada Example"),
        ({"author_id": None, "author": {"id": 7}}, "7"),
        ({"includes": {"users": [BO, ADA]}}, "Ada Example"),
        ({"includes": {"users": [BO]}, "author": ADA}, "Ada Example"),
        ({"user": None}, "7"),
    ],
)
def test_a_v2_post_without_its_envelope_is_stored(changes: dict[str, Any], username: str) -> None:
    assert stored(bare_post(**changes)) == {
        "Username": username,
        "Id": "5",
        "Timestamp": "2022-06-10T10:46:42.000Z",
        "Message": "hi",
    }


def test_a_user_object_makes_it_v1_whatever_else_there_is() -> None:
    assert stored(v1_tweet(author_id="1", author=BO))["Username"] == "Ana Example"


@pytest.mark.parametrize("created_at", [None, "", " "])
@pytest.mark.parametrize(
    "make",
    [
        lambda **changes: v1_tweet(id=int(SNOWFLAKE), id_str=SNOWFLAKE, **changes),
        lambda **changes: v1_tweet(id=int(SNOWFLAKE), id_str=None, **changes),
        lambda **changes: v2_tweet(id=SNOWFLAKE, **changes),
        lambda **changes: bare_post(id=SNOWFLAKE, **changes),
    ],
    ids=["v1.1", "v1.1 without id_str", "v2", "bare"],
)
def test_without_created_at_the_id_tells_the_time(make: Any, created_at: str | None) -> None:
    assert stored(make(created_at=created_at))["Timestamp"] == ITS_TIME


def test_a_created_at_counts_more_than_the_id() -> None:
    item = stored(bare_post(id=SNOWFLAKE))

    assert item["Timestamp"] == "2022-06-10T10:46:42.000Z"


@pytest.mark.parametrize(
    "tweet_id", ["20", "1001", "29700859247", "tag:5001", "x" * 19, "\u0665" * 19]
)
def test_an_id_that_is_no_snowflake_tells_no_time(tweet_id: str) -> None:
    tweet = bare_post(id=tweet_id)
    del tweet["created_at"]

    assert rejection(tweet).reason is Unusable.BAD_TIMESTAMP
    assert "no created_at" in rejection(tweet).detail


@pytest.mark.parametrize(
    ("created_at", "kind"),
    [
        (1539202764000, "a number"),
        (1539202764.5, "a number"),
        (True, "true or false"),
        ({"$date": "2018-10-10T20:19:24Z"}, "an object"),
        (["2018-10-10T20:19:24Z"], "an array"),
    ],
)
def test_a_created_at_of_another_type_is_not_called_missing(created_at: object, kind: str) -> None:
    for tweet in (v1_tweet(created_at=created_at), bare_post(created_at=created_at, id=SNOWFLAKE)):
        found = rejection(tweet)

        assert found.reason is Unusable.BAD_TIMESTAMP
        assert found.detail == f"created_at is {kind}, not a string"


def v1_retweet(original: dict[str, Any], **changes: Any) -> dict[str, Any]:
    user = {"id_str": "9", "name": "Bo Muster", "screen_name": "bo_muster"}
    cut = f"RT @bo_muster: {LONG}"[:139] + "…"
    return v1_tweet(5, text=cut, retweeted_status={"user": user} | original) | changes


@pytest.mark.parametrize(
    "tweet",
    [
        v1_retweet({"text": LONG[:100], "extended_tweet": {"full_text": LONG}}),
        v1_retweet({"full_text": LONG}, full_text=f"RT @bo_muster: {LONG}"[:139] + "…", text=None),
        v1_retweet({"text": LONG}),
        v1_retweet({"text": LONG, "user": None}),
        v1_retweet({"text": LONG}, text="no sign of whom"),
        v1_retweet({"text": LONG}, text=None),
        v1_retweet({"text": LONG, "quoted_status": {"text": "what it is about"}}),
    ],
    ids=["stream", "extended", "compatibility", "name in text", "name of author", "none", "quote"],
)
def test_a_v1_retweet_is_stored_with_the_whole_text(tweet: dict[str, Any]) -> None:
    assert stored(tweet)["Message"] == f"RT @bo_muster: {LONG}"
    assert stored(tweet)["Username"] == "Ana Example"


def v2_retweet(
    original: dict[str, Any], *, users: Any = (BO,), text: Any = None, **reference: Any
) -> dict[str, Any]:
    tweet = v2_tweet(
        text=text or f"RT @bo_muster: {LONG}"[:139] + "…",
        referenced_tweets=[{"type": "quoted", "id": "3"}, {"type": "retweeted", "id": "4"}],
    )
    tweet["data"]["referenced_tweets"][1] |= reference
    tweet["includes"]["users"] += users
    quoted = {"id": "3", "author_id": "19", "text": "not this one"}
    tweet["includes"]["tweets"] = [quoted, {"id": "4", "author_id": "19"} | original]
    return tweet


@pytest.mark.parametrize(
    "tweet",
    [
        v2_retweet({"text": LONG}),
        v2_retweet({"text": LONG[:50], "note_tweet": {"text": LONG}}),
        v2_retweet({"text": LONG}, users=()),
        v2_retweet({"text": LONG}, text="no sign of whom", users=[BO | {"id": "8"}, BO]),
        v2_retweet({"text": LONG, "author": BO}, text="no sign of whom", users=()),
        v2_retweet({"text": LONG}, id=4),
    ],
    ids=["text", "note", "name in text", "name of author", "author inside", "number as id"],
)
def test_a_v2_retweet_is_stored_with_the_whole_text(tweet: dict[str, Any]) -> None:
    assert stored(tweet)["Message"] == f"RT @bo_muster: {LONG}"


@pytest.mark.parametrize("text", [f"RT @bo_muster: {LONG}"[:139] + "…", "no sign of whom"])
def test_a_flattened_retweet_is_stored_with_the_whole_text(text: str) -> None:
    original = {"type": "retweeted", "id": "4", "author_id": "19", "author": BO}
    inside = original | {"text": LONG[:50], "note_tweet": {"text": LONG}}
    tweet = bare_post(author=ADA, text=text, referenced_tweets=[inside])

    assert stored(tweet)["Message"] == f"RT @bo_muster: {LONG}"


@pytest.mark.parametrize(
    "tweet",
    [
        v1_tweet(text="RT @bo_muster: by hand"),
        v1_tweet(text="RT @bo_muster: cut…", retweeted_status=None),
        v1_tweet(text="RT @bo_muster: cut…", retweeted_status={"id_str": "4"}),
        v1_tweet(text="no sign of whom", retweeted_status={"text": LONG}),
        v1_tweet(text="my words", quoted_status={"text": LONG}),
        v2_retweet({"id": "another"}, text="RT @bo_muster: cut…"),
        bare_post(text="RT @bo_muster: cut…", referenced_tweets=[{"type": "retweeted"}]),
        bare_post(text="my answer", referenced_tweets=[{"type": "replied_to", "text": LONG}]),
        bare_post(text="odd", referenced_tweets={"type": "retweeted", "text": LONG}),
    ],
    ids=range(9),
)
def test_what_holds_no_original_or_is_no_retweet_keeps_its_own_text(tweet: dict[str, Any]) -> None:
    assert stored(tweet)["Message"] == tweet.get("data", tweet)["text"]


def test_an_older_name_in_the_text_stays() -> None:
    tweet = v1_retweet({"text": LONG}, text="RT @bo_before: A sentence that goes…")

    assert stored(tweet)["Message"] == f"RT @bo_before: {LONG}"


def test_a_retweet_too_large_with_the_whole_text_is_rejected() -> None:
    assert rejection(v1_retweet({"text": "x" * 410_000})).reason is Reason.ITEM_TOO_LARGE


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
SCREEN_NAMES = st.from_regex(r"[A-Za-z0-9_]{1,15}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@given(NAMES, SCREEN_NAMES, TEXTS, st.none() | st.tuples(SCREEN_NAMES, TEXTS))
def test_one_tweet_is_one_item_in_whatever_shape(
    name: str, screen_name: str, text: str, retweeted: tuple[str, str] | None
) -> None:
    """Each shape is written here from the same tweet, and read by the oracle as well."""
    others: list[dict[str, Any]] = []
    whole = text
    if retweeted:
        by, said = retweeted
        whole = f"RT @{by}: {said}"
        text = whole if len(whole) <= 140 else f"{whole[:139]}…"
        author = {"id": "9", "name": "Bo Muster", "username": by}
        others = [{"id": "4", "author_id": "9", "text": said[:280], "note_tweet": {"text": said}}]
    user = {"id_str": "7", "name": name, "screen_name": screen_name}
    status: dict[str, Any] = {
        "created_at": "Wed Oct 10 20:19:24 +0000 2018",
        "id_str": "5",
        "user": user,
    }
    compatible, extended = status | {"text": text}, status | {"full_text": text}
    post: dict[str, Any] = bare_post(created_at="2018-10-10T20:19:24.000Z", text=text)
    users = [{"id": "7", "name": name, "username": screen_name}]
    flat = post | {"author": users[0]}
    if retweeted:
        original = {"id_str": "4", "user": {"screen_name": by}}
        in_stream = {"text": said[:140], "extended_tweet": {"full_text": said}}
        compatible["retweeted_status"] = original | in_stream
        extended["retweeted_status"] = original | {"full_text": said}
        post["referenced_tweets"] = [{"type": "retweeted", "id": "4"}]
        flat["referenced_tweets"] = [{"type": "retweeted"} | others[0] | {"author": author}]
        users = [author, *users]
    wrapped = {"data": post, "includes": {"users": users, "tweets": others}}

    for tweet in (compatible, extended, wrapped, flat):
        data = json.dumps(tweet).encode()
        assert stored(tweet) == expected_item(data)
        assert stored(tweet) == {
            "Username": name,
            "Id": "5",
            "Timestamp": "2018-10-10T20:19:24.000Z",
            "Message": whole,
        }
