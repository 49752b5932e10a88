from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.tweetpipe.stubs import StubbedPlace, stubbed_place
from tweetpipe import dead_letters

QUEUE = "http://localhost:4566/000000000000/dead-letters"

REJECTED = {
    "kind": "rejected",
    "reason": "no id",
    "shardId": "shardId-000000000000",
    "sequenceNumber": "495",
    "arrivedAt": "2024-01-01T00:00:00Z",
}
EXHAUSTED = {
    "requestContext": {"condition": "RetryAttemptsExhausted"},
    "KinesisBatchInfo": {
        "shardId": "shardId-000000000001",
        "startSequenceNumber": "10",
        "endSequenceNumber": "20",
        "approximateArrivalOfFirstRecord": "2024-01-01T00:00:00Z",
        "batchSize": 7,
    },
}


def will_hold(place: StubbedPlace, *receives: list[str], visible: int, hidden: int = 0) -> None:
    """Prepares the queue's attributes and one answer of bodies for each receive."""
    sqs = place.stubbers["sqs"]
    sqs.add_response(
        "get_queue_attributes",
        {
            "Attributes": {
                "ApproximateNumberOfMessages": str(visible),
                "ApproximateNumberOfMessagesNotVisible": str(hidden),
            }
        },
    )
    for bodies in receives:
        messages = [{"Body": body, "ReceiptHandle": f"handle of {body}"} for body in bodies]
        sqs.add_response("receive_message", {"Messages": messages} if messages else {})


def will_take_back(place: StubbedPlace, *bodies: str) -> None:
    entries: list[dict[str, Any]] = [
        {"Id": str(n), "ReceiptHandle": f"handle of {body}", "VisibilityTimeout": 0}
        for n, body in enumerate(bodies)
    ]
    place.stubbers["sqs"].add_response(
        "change_message_visibility_batch",
        {"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []},
        {"QueueUrl": QUEUE, "Entries": entries},
    )


@pytest.mark.parametrize(
    ("body", "kind", "reason", "sequence_number", "records"),
    [
        (json.dumps(REJECTED), "rejected", "no id", "495", 1),
        (json.dumps(EXHAUSTED), "exhausted", "RetryAttemptsExhausted", "10-20", 7),
        ("not json", "unknown", "not written by this stack", "", 1),
        ("[1, 2]", "unknown", "not written by this stack", "", 1),
        ('{"some": "thing"}', "unknown", "not written by this stack", "", 1),
    ],
)
def test_a_message_is_told_by_its_kind(
    body: str, kind: str, reason: str, sequence_number: str, records: int
) -> None:
    with stubbed_place("sqs") as place:
        will_hold(place, [body], visible=1)
        will_take_back(place, body)
        [letter], about = dead_letters.peek(place, QUEUE, 1)

    assert (letter.kind, letter.reason) == (kind, reason)
    assert (letter.sequence_number, letter.records) == (sequence_number, records)
    assert about == 1


def test_messages_are_read_until_none_comes_and_given_back_ten_at_a_time() -> None:
    bodies = [str(n) for n in range(12)]
    with stubbed_place("sqs") as place:
        will_hold(place, bodies[:10], bodies[10:], [], visible=12, hidden=3)
        will_take_back(place, *bodies[:10])
        will_take_back(place, *bodies[10:])
        letters, about = dead_letters.peek(place, QUEUE, 100)

    assert [letter.body["text"] for letter in letters] == bodies
    assert about == 15


def test_an_empty_queue_has_nothing_to_give_back() -> None:
    with stubbed_place("sqs") as place:
        will_hold(place, [], visible=0)

        assert dead_letters.peek(place, QUEUE, 10) == ([], 0)


def test_messages_are_given_back_when_reading_fails() -> None:
    with stubbed_place("sqs") as place:
        will_hold(place, ["first"], visible=2)
        place.stubbers["sqs"].add_client_error("receive_message", "AccessDenied")
        will_take_back(place, "first")
        with pytest.raises(place.sqs().exceptions.ClientError):
            dead_letters.peek(place, QUEUE, 10)
