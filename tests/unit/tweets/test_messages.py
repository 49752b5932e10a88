from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import OutgoingRecord
from tweets import messages
from tweets.messages import Message, Post, Problem, Rubbish, Unknown, message_of
from tweets.x.errors import XRefused

DISCONNECT = {
    "title": "operational-disconnect",
    "disconnect_type": "UpstreamOperationalDisconnect",
    "detail": "It is over.",
    "type": "https://api.x.com/2/problems/operational-disconnect",
}


def line(content: object) -> bytes:
    return json.dumps(content).encode()


def test_a_post_keeps_its_bytes_and_goes_by_its_authors_name() -> None:
    data = line(
        {
            "data": {"id": "7", "author_id": "1", "text": "hi"},
            "includes": {"users": [{"id": "1", "username": "ava"}]},
            "matching_rules": [{"id": "2", "tag": "ours"}, {"id": "3"}],
        }
    )

    message = message_of(data)

    assert isinstance(message, Post)
    assert message.id == "7"
    assert message.rules == {("2", "ours"), ("3", "")}
    assert message.record == OutgoingRecord(data, "ava")


def test_a_post_without_an_id_is_a_post_for_the_processor_to_judge() -> None:
    message = message_of(line({"data": {"text": "hi"}}))

    assert isinstance(message, Post)
    assert (message.id, message.rules) == (None, frozenset())


def test_a_post_with_errors_beside_is_a_post() -> None:
    assert isinstance(message_of(line({"data": {"id": "1"}, "errors": [DISCONNECT]})), Post)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"errors": [DISCONNECT]}, Problem("It is over.", is_disconnect=True)),
        (DISCONNECT, Problem("It is over.", is_disconnect=True)),
        ({"errors": [{"title": "Odd"}]}, Problem("Odd", is_disconnect=False)),
        ({"errors": [{"title": "Odd"}, DISCONNECT]}, Problem("Odd", is_disconnect=True)),
        ({"errors": []}, Unknown()),
        ({"errors": ["text"]}, Unknown()),
        ({"data": []}, Unknown()),
        ({"news": 1}, Unknown()),
        ([1], Unknown()),
    ],
)
def test_whatever_else_is_json_is_told_apart(content: object, expected: Message) -> None:
    assert message_of(line(content)) == expected


@pytest.mark.parametrize("data", [b'{"data": {"id"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_rubbish(data: bytes) -> None:
    assert message_of(data) == Rubbish()


@given(st.binary())
def test_no_bytes_raise(data: bytes) -> None:
    message_of(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["data", "errors", "id", "type", "title", "detail", "matching_rules", "tag"]
                ),
                inner,
            )
        ),
    )
)
def test_no_json_raises(content: object) -> None:
    message_of(line(content))


@pytest.mark.heavy
def test_what_is_nested_too_deep_to_be_written_names_no_rule() -> None:
    deep: object = []
    for _ in range(200_000):  # Python 3.14 reads that much
        deep = [deep]
    content: dict[str, object] = {"data": {"id": "1"}}
    content["matching_rules"] = [{"id": deep, "tag": deep}]
    assert messages._post(content, b"{}").rules == {("", "")}
    assert not messages._is_disconnect({"type": deep})
    assert str(XRefused(503, {"type": deep}, reset=None))
