"""How Kinesis' answers are encoded, and how iterators and next tokens are sealed."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from localstack_embedded.plugin.kinesis.wire import (
    CBOR,
    JSON,
    Moment,
    content_type,
    encoded,
    event_message,
    exception_message,
)
from localstack_embedded.plugin.tokens import ForgedTokenError, seal, unseal


@pytest.mark.parametrize(
    ("accepted", "sent", "expected"),
    [
        (None, JSON, JSON),
        (None, CBOR, CBOR),
        ("*/*", CBOR, CBOR),
        (JSON, CBOR, JSON),
        ("application/cbor", JSON, CBOR),
        (None, None, JSON),
    ],
)
def test_an_answer_is_written_as_it_was_asked_for(
    accepted: str | None, sent: str | None, expected: str
) -> None:
    assert content_type(accepted, sent) == expected


def test_json_has_data_in_base64_and_times_in_seconds() -> None:
    answer = {"Data": b"hi", "At": Moment(1.2344), "Nested": [{"Key": "ü"}]}

    assert json.loads(encoded(answer, JSON)) == {
        "Data": "aGk=",
        "At": 1.234,
        "Nested": [{"Key": "ü"}],
    }


def test_events_and_exceptions_are_what_an_sdk_reads() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(event_message("SubscribeToShardEvent", b'{"Records":[]}', JSON))
    buffer.add_data(exception_message("ResourceInUseException", b"{}", JSON))

    event, exception = cast(Any, buffer)

    assert event.headers == {
        ":event-type": "SubscribeToShardEvent",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert event.payload == b'{"Records":[]}'
    assert exception.headers[":message-type"] == "exception"
    assert exception.headers[":exception-type"] == "ResourceInUseException"


@given(st.lists(st.integers() | st.text() | st.none() | st.floats(allow_nan=False)))
def test_what_was_sealed_comes_out_again(content: list[object]) -> None:
    assert unseal("a", seal("a", content)) == content


def test_a_token_is_for_one_purpose_and_cant_be_changed() -> None:
    token = seal("a", [1])

    assert seal("a", [1]) != token
    for forged in (seal("b", [1]), token[:-4] + "AAAA", "", "AAAA", "?"):
        with pytest.raises(ForgedTokenError):
            unseal("a", forged)
