from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import OutgoingRecord
from producer.outgoing import LARGEST_RECORD_BYTES, MAX_PARTITION_KEY_CHARACTERS
from tests.tweets import partition_key_of


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def v2_tweet(**changes: Any) -> dict[str, Any]:
    tweet: dict[str, Any] = {
        "data": {"id": "1", "author_id": "42", "text": "hello"},
        "includes": {
            "users": [
                {"id": "7", "username": "mentioned"},
                {"id": "42", "username": "author", "name": "The Author"},
            ]
        },
    }
    return tweet | changes


def test_the_key_of_a_v1_tweet_is_the_screen_name() -> None:
    tweet = {
        "retweeted_status": {"user": {"screen_name": "original"}},
        "user": {"screen_name": "author", "name": "The Author", "id_str": "42"},
    }

    assert partition_key_of(encoded(tweet)) == "author"


def test_the_key_of_a_v2_tweet_is_its_authors_username_among_the_users() -> None:
    assert partition_key_of(encoded(v2_tweet())) == "author"


@pytest.mark.parametrize(
    "tweet",
    [
        v2_tweet(includes={"users": [{"id": "7", "username": "mentioned"}]}),
        v2_tweet(includes={}),
        v2_tweet(includes=None),
        v2_tweet(includes={"users": ["42", {"id": "42"}]}),
        {"user": {"id_str": "42", "screen_name": ""}},
        {"user": {"id": 42}},
        {"user": {"screen_name": None, "id": 42}},
    ],
)
def test_without_a_name_the_authors_id_is_the_key(tweet: Any) -> None:
    assert partition_key_of(encoded(tweet)) == "42"


@pytest.mark.parametrize(
    ("tweet", "key"),
    [
        ({"id": "1", "author_id": "42", "text": "hello"}, "42"),
        ({"author_id": "42", "author": {"id": "42", "username": "author"}}, "author"),
        ({"author": {"id": "42", "username": "author"}}, "author"),
        ({"author": {"id": 42}}, "42"),
        ({"author_id": "42", "author": "author"}, "42"),
        ({"author_id": "42", "includes": v2_tweet()["includes"]}, "author"),
        ({"data": {"author_id": "42", "author": {"username": "author"}}}, "author"),
        ({"author_id": "7", "user": {"screen_name": "author"}}, "author"),
    ],
)
def test_the_key_of_a_post_without_an_envelope_is_that_of_the_one_in_it(
    tweet: Any, key: str
) -> None:
    assert partition_key_of(encoded(tweet)) == key


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not JSON",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b'"text"',
        b'{"user": "author"}',
        b'{"data": {"author_id": null}}',
        b'{"user": {"id": true}}',
        b'{"user": {"screen_name": "\\ud800"}}',
        b"[" * 100_000,
        b"1" * 5000,
    ],
)
def test_what_names_no_author_is_keyed_by_a_digest(data: bytes) -> None:
    key = partition_key_of(data)

    assert len(key) == 32
    assert key == partition_key_of(bytes(data))
    assert key != partition_key_of(data + b" x")


def test_a_name_beyond_the_limit_is_cut() -> None:
    key = partition_key_of(encoded({"user": {"screen_name": "x" * 300}}))

    assert key == "x" * MAX_PARTITION_KEY_CHARACTERS


def test_a_line_that_can_never_be_sent_is_not_parsed() -> None:
    tweet = encoded({"user": {"screen_name": "author"}, "text": "x" * LARGEST_RECORD_BYTES})

    assert partition_key_of(tweet) != "author"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "user", "includes", "users", "id", "author_id", "screen_name", "username"]
            ),
            inner,
        )
    ),
)


@given(st.binary() | json_values.map(encoded))
def test_every_key_is_one_that_kinesis_takes(data: bytes) -> None:
    key = partition_key_of(data)

    assert 1 <= len(key) <= MAX_PARTITION_KEY_CHARACTERS
    assert key.encode().decode() == key


def test_the_size_counts_data_and_key_in_utf8() -> None:
    assert OutgoingRecord("é".encode(), "né").size == 5
