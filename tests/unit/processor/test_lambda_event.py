from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.errors import Reason, Rejected
from processor.lambda_event import Origin, payloads, respond, sequence_number, shard_id
from tests.unit.processor.events import SHARD, kinesis_record


@given(st.binary())
def test_a_payload_is_what_was_put(data: bytes) -> None:
    record = kinesis_record(data)

    assert payloads(record) == [(Origin(record), data)]


@pytest.mark.parametrize("data", ["a", "a===", "e30=\n", "\u20ac", "e3 0="])
def test_data_that_is_no_base64_is_rejected(data: str) -> None:
    record = kinesis_record(b"")
    record["kinesis"]["data"] = data

    with pytest.raises(Rejected) as caught:
        payloads(record)

    assert caught.value.reason is Reason.NOT_BASE64


def test_the_shard_is_part_of_the_event_id() -> None:
    assert shard_id(kinesis_record(b"")) == SHARD


def test_nothing_unhandled_means_no_failures() -> None:
    assert respond([]) == {"batchItemFailures": []}


@given(st.lists(st.integers(0, 10**56), min_size=1))
def test_the_lowest_sequence_number_is_reported(numbers: list[int]) -> None:
    unhandled = [Origin(kinesis_record(b"", sequence_number=number)) for number in numbers]

    assert respond(unhandled) == {"batchItemFailures": [{"itemIdentifier": str(min(numbers))}]}


def test_a_sequence_number_is_reported_as_it_came() -> None:
    record = kinesis_record(b"")
    record["kinesis"]["sequenceNumber"] = "0012"

    assert sequence_number(record) == "0012"
    assert respond([Origin(record)]) == {"batchItemFailures": [{"itemIdentifier": "0012"}]}
