from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.dead_letters import MAX_BYTES, DeadLetterQueue, LetterToSend, dead_letter
from processor.errors import Reason, Rejected
from processor.lambda_event import Origin
from processor.rounds import Rounds
from tests.unit.processor.events import SHARD, STREAM_ARN, kinesis_record, kinesis_records
from tests.unit.processor.fakes import QUEUE_URL, Clock, FakeSQS, client_error

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

WHY = Rejected(Reason.NOT_JSON, "Expecting value: line 1 column 1 (char 0)")


def letters(count: int) -> list[LetterToSend]:
    return [dead_letter(Origin(record), WHY) for record in kinesis_records([b"poison"] * count)]


def test_a_dead_letter_tells_all_that_is_known() -> None:
    record = kinesis_record(b"poison", sequence_number=4711)

    assert json.loads(dead_letter(Origin(record), WHY).body) == {
        "kind": "rejected",
        "reason": "not-json",
        "detail": "Expecting value: line 1 column 1 (char 0)",
        "streamArn": STREAM_ARN,
        "shardId": SHARD,
        "sequenceNumber": "4711",
        "partitionKey": "ana",
        "arrivedAt": "2018-12-17T22:10:50.987Z",
        "payload": base64.b64encode(b"poison").decode(),
        "payloadBytes": 6,
    }


def test_an_arrival_on_the_full_second_has_milliseconds_too() -> None:
    record = kinesis_record(b"poison")
    record["kinesis"]["approximateArrivalTimestamp"] = 1_545_084_650

    assert (
        json.loads(dead_letter(Origin(record), WHY).body)["arrivedAt"] == "2018-12-17T22:10:50.000Z"
    )


@pytest.mark.parametrize(
    ("arrival", "says"),
    [
        (1_545_084_650_987, "2018-12-17T22:10:50.987Z"),
        (1_545_084_650_987.0, "2018-12-17T22:10:50.987Z"),
        (float("nan"), ""),
        (float("inf"), ""),
        (10**400, ""),
        ("2018-12-17T22:10:50Z", ""),
        (None, ""),
    ],
)
def test_an_arrival_in_milliseconds_is_understood_and_nonsense_left_out(
    arrival: Any, says: str
) -> None:
    record = kinesis_record(b"poison")
    record["kinesis"]["approximateArrivalTimestamp"] = arrival

    assert json.loads(dead_letter(Origin(record), WHY).body)["arrivedAt"] == says


def test_without_a_position_a_large_payload_is_not_left_out() -> None:
    record = kinesis_record(b"x" * 200_000)
    record["kinesis"]["sequenceNumber"] = ""

    assert len(dead_letter(Origin(record), WHY).body) > MAX_BYTES


@given(data=st.binary(max_size=400), key=st.text(min_size=1, max_size=256))
def test_a_message_is_ascii_and_gives_the_payload_back(data: bytes, key: str) -> None:
    record = kinesis_record(data)
    record["kinesis"]["partitionKey"] = key

    body = dead_letter(Origin(record), WHY).body

    assert body.isascii()
    letter = json.loads(body)
    assert base64.b64decode(letter["payload"]) == data
    assert letter["partitionKey"] == key
    assert letter["payloadBytes"] == len(data)


def test_a_payload_too_large_for_sqs_is_left_out() -> None:
    letter = json.loads(dead_letter(Origin(kinesis_record(b"x" * 200_000)), WHY).body)

    assert letter["payload"] is None
    assert letter["payloadBytes"] == 200_000
    assert letter["sequenceNumber"]


def test_data_that_is_no_base64_is_left_out() -> None:
    record = kinesis_record(b"")
    record["kinesis"]["data"] = "***"

    letter = json.loads(dead_letter(Origin(record), WHY).body)

    assert (letter["payload"], letter["payloadBytes"]) == (None, 0)


@given(sizes=st.lists(st.integers(0, 190_000), max_size=25))
def test_calls_keep_to_the_limits_of_sqs(pool: ThreadPoolExecutor, sizes: list[int]) -> None:
    sqs = FakeSQS()
    queue = DeadLetterQueue(sqs, QUEUE_URL, Rounds(pool))
    records = kinesis_records(bytes(size) for size in sizes)

    outcome = queue.send(
        [dead_letter(Origin(record), WHY) for record in records], time_left=Clock().left
    )

    assert (outcome.undone, outcome.invalid) == ([], [])
    assert sorted(letter["payloadBytes"] for letter in sqs.messages) == sorted(sizes)


def test_messages_are_packed_up_to_the_limit(queue: DeadLetterQueue, sqs: FakeSQS) -> None:
    origin = Origin(kinesis_record(b""))
    halves = [LetterToSend(origin, json.dumps({"sequenceNumber": "1", "x": "y" * 100_000}))] * 4

    queue.send(halves, time_left=Clock().left)

    assert sqs.calls == [2, 2]
    assert MAX_BYTES == 262_144


def test_calls_after_a_large_message_hold_ten_again(queue: DeadLetterQueue, sqs: FakeSQS) -> None:
    large = dead_letter(Origin(kinesis_record(b"x" * 196_000)), WHY)

    queue.send([large, *letters(12)], time_left=Clock().left)

    assert sorted(sqs.calls) == [1, 2, 10]


def test_only_failed_entries_are_sent_again(queue: DeadLetterQueue, sqs: FakeSQS) -> None:
    answers = iter([lambda numbers: numbers[1:3], lambda numbers: numbers[:1]])
    sqs.fault = lambda numbers: next(answers, lambda _: [])(numbers)

    outcome = queue.send(letters(6), time_left=Clock().left)

    assert sqs.calls == [6, 2, 1]
    assert outcome.undone == []
    assert len(sqs.messages) == 6


def test_an_entry_sqs_will_never_take_is_not_sent_again(
    queue: DeadLetterQueue, sqs: FakeSQS
) -> None:
    sqs.fault, sqs.sender_fault = lambda numbers: numbers[:1], True

    outcome = queue.send(letters(3), time_left=Clock().left)

    assert sqs.calls == [3]
    assert [letter for letter, _ in outcome.invalid] == letters(3)[:1]
    assert len(sqs.messages) == 2


@pytest.mark.parametrize(
    ("code", "calls"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", 1),
        ("AccessDenied", 1),
        ("ThrottlingException", 9),
    ],
)
def test_a_queue_that_takes_nothing_leaves_all_undone(
    queue: DeadLetterQueue, sqs: FakeSQS, clock: Clock, code: str, calls: int
) -> None:
    def fault(_numbers: list[str]) -> list[str]:
        raise client_error(code)

    sqs.fault, clock.budget = fault, 10.0

    outcome = queue.send(letters(3), time_left=clock.left)

    assert len(outcome.undone) == 3
    assert len(sqs.calls) == calls
