"""Reads the dead-letter queue without taking anything out of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tweetpipe.place import Place

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_AT_A_TIME = 10  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
_HIDDEN_FOR = 120  # seconds that a message being listed is kept from coming a second time


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """What could not be stored: one rejected record, or the position of an exhausted batch."""

    kind: str
    reason: str
    shard: str
    sequence_number: str
    arrived_at: str
    records: int
    body: dict[str, Any]


def peek(place: Place, queue_url: str, limit: int) -> tuple[list[DeadLetter], int]:
    """Up to `limit` dead letters in no particular order, and about how many there are.

    They are hidden from other readers while this reads, and given back before it returns.
    """
    sqs = place.sqs()
    attributes = sqs.get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    taken: list[MessageTypeDef] = []
    try:
        while len(taken) < limit:
            received = sqs.receive_message(
                QueueUrl=queue_url,
                MaxNumberOfMessages=min(_AT_A_TIME, limit - len(taken)),
                VisibilityTimeout=_HIDDEN_FOR,
                WaitTimeSeconds=1,
            ).get("Messages", [])
            if not received:
                break
            taken += received
        return [_dead_letter(message) for message in taken], sum(map(int, attributes.values()))
    finally:
        _give_back(sqs, queue_url, taken)


def _give_back(sqs: SQSClient, queue_url: str, messages: list[MessageTypeDef]) -> None:
    for start in range(0, len(messages), _AT_A_TIME):
        sqs.change_message_visibility_batch(
            QueueUrl=queue_url,
            Entries=[
                {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for n, message in enumerate(messages[start : start + _AT_A_TIME])
            ],
        )


def _dead_letter(message: MessageTypeDef) -> DeadLetter:
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return _letter("unknown", "not written by this stack", {"text": message["Body"]})
    if body.get("kind") == "rejected":
        return _letter(
            "rejected",
            body["reason"],
            body,
            shard=body["shardId"],
            sequence_number=body["sequenceNumber"],
            arrived_at=body["arrivedAt"],
        )
    # What Lambda sends for a batch whose retries are exhausted.
    # https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    batch = body.get("KinesisBatchInfo")
    if isinstance(batch, dict):
        return _letter(
            "exhausted",
            body.get("requestContext", {}).get("condition", ""),
            body,
            shard=batch.get("shardId", ""),
            sequence_number=f"{batch.get('startSequenceNumber')}-{batch.get('endSequenceNumber')}",
            arrived_at=batch.get("approximateArrivalOfFirstRecord", ""),
            records=batch.get("batchSize", 0),
        )
    return _letter("unknown", "not written by this stack", body)


def _letter(
    kind: str,
    reason: str,
    body: dict[str, Any],
    *,
    shard: str = "",
    sequence_number: str = "",
    arrived_at: str = "",
    records: int = 1,
) -> DeadLetter:
    return DeadLetter(
        kind=kind,
        reason=reason,
        shard=shard,
        sequence_number=sequence_number,
        arrived_at=arrived_at,
        records=records,
        body=body,
    )
