"""What a message of the dead-letter queue, or an object beside it, says."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeGuard

from processor.aggregation import deaggregate
from processor.errors import Rejected

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

SHORT_ID = 8  # characters of an id that people see and type

_ID_LENGTH = len("00000000-0000-0000-0000-000000000000")
_FOREIGN = "not written by this stack"
# What a rejected record's message must have for it to be stored again; see RejectedRecord in
# processor/dead_letters.py.
_TEXTS = ("reason", "streamArn", "shardId", "sequenceNumber", "partitionKey", "arrivedAt")


class Kind(StrEnum):
    """Who sent a message: the function, Lambda's event source mapping, or neither."""

    REJECTED = "rejected"
    EXHAUSTED = "exhausted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class StreamPosition:
    """Records of one shard, from the `first` sequence number to the `last`, both included."""

    stream_arn: str
    shard: str
    first: str
    last: str

    @property
    def stream(self) -> str:
        return self.stream_arn.rpartition("/")[2]

    def holds(self, sequence_number: str) -> bool:
        # As integers: AWS pads them to 56 digits, emulators count 1, 2, ... 10.
        return int(self.first) <= int(sequence_number) <= int(self.last)


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """What could not be stored: one rejected record, or the position of an exhausted batch.

    `body` is the message itself. `payload` is None where the message has none: for a batch, and
    for a record too large for SQS. `position` is None for what this stack did not write, and for a
    rejected record of which the function was not told it.
    `subsequence_number` is a rejected record's place, from 0 on, in an aggregated one, if it was.
    `key` is that of the object, where it is none of the queue, but of the bucket of exhausted
    batches.
    """

    id: str
    kind: Kind
    reason: str
    body: dict[str, Any]
    sent_at: datetime | None = None
    arrived_at: str = ""
    position: StreamPosition | None = None
    subsequence_number: int | None = None
    records: int = 1
    payload: bytes | None = None
    size: int | None = None
    key: str = ""

    @property
    def is_deletable(self) -> bool:
        """Of the user's own bucket, only what this stack has put there."""
        return not self.key or self.kind is not Kind.UNKNOWN

    @property
    def short_id(self) -> str:
        return self.id[:SHORT_ID]

    @property
    def shard(self) -> str:
        return self.position.shard if self.position else ""

    @property
    def sequence_number(self) -> str:
        """The record's, or the first and the last one of a batch.

        With its subsequence number if it has one: 495.2 is the third in the aggregated record 495.
        """
        if self.position is None:
            return ""
        first, last = self.position.first, self.position.last
        if self.kind is Kind.EXHAUSTED:
            return f"{first}-{last}"
        place = self.subsequence_number
        return first if place is None else f"{first}.{place}"

    @property
    def arrived(self) -> datetime | None:
        """When Kinesis received the (first) record."""
        return moment(self.arrived_at)

    @property
    def since(self) -> datetime | None:
        """When the (first) record arrived, or the message was sent where that is not known."""
        return self.arrived or self.sent_at

    @property
    def text(self) -> str:
        """What a person can read of it; it may hold anything, also what steers a terminal."""
        if self.payload is not None:
            return self.payload.decode(errors="replace")
        if self.kind is Kind.UNKNOWN:
            return str(self.body.get("text", "")) or json.dumps(self.body, ensure_ascii=False)
        return ""


def contents(letter: DeadLetter) -> list[bytes]:
    """The data that a letter stands for: of each record in it, where it is an aggregated one.

    Empty where the letter has no payload.
    """
    return [] if letter.payload is None else contained(letter.payload)


def contained(data: bytes) -> list[bytes]:
    """The records in an aggregated one; else the record itself, also where it can't be read."""
    try:
        found = deaggregate(data)
    except Rejected:
        found = None
    return [data] if found is None else [record.data for record in found]


def moment(text: str) -> datetime | None:
    """A time in ISO 8601, with or without a zone; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read(message: MessageTypeDef) -> DeadLetter:
    """What the message says; whatever it lacks, it is at least an unknown one."""
    text = message["Body"]
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    unknown = DeadLetter(
        id=message["MessageId"],
        kind=Kind.UNKNOWN,
        reason=_FOREIGN,
        body=body if isinstance(body, dict) else {"text": text},
        sent_at=_sent_at(message),
        size=len(text.encode(errors="replace")),
    )
    return _rejected(unknown) or _exhausted(unknown) or unknown


def read_object(key: str, content: bytes, written: datetime | None) -> DeadLetter:
    """What an object says, of which the beginning is enough; its id is the end of its name."""
    text = content.decode(errors="replace")
    # The records come last, and are read when they are needed.
    head = text.partition(',"payload"')[0]
    body = _object(head + "}") or _object(text)
    unknown = DeadLetter(
        id=key.rpartition("/")[2][-_ID_LENGTH:],
        kind=Kind.UNKNOWN,
        reason=f"{_FOREIGN}: {key}",
        body={name: value for name, value in body.items() if name != "payload"} or {"key": key},
        sent_at=written,
        key=key,
    )
    return _exhausted(unknown) or unknown


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _rejected(unknown: DeadLetter) -> DeadLetter | None:
    """The letter as one that the function wrote, if nothing is missing in it."""
    body = unknown.body
    if body.get("kind") != "rejected":
        return None
    if not all(isinstance(body.get(name), str) for name in _TEXTS):
        return None
    number, place = body["sequenceNumber"], body.get("subsequenceNumber")
    # Empty is what the function was not told.
    if number and not _is_number(number):
        return None
    if body["arrivedAt"] and moment(body["arrivedAt"]) is None:
        return None
    if not (place is None or (type(place) is int and place >= 0)):
        return None
    try:
        payload = _payload(body)
    except ValueError:
        return None
    size = body.get("payloadBytes") if payload is None else len(payload)
    stream_arn, shard = body["streamArn"], body["shardId"]
    position = StreamPosition(stream_arn=stream_arn, shard=shard, first=number, last=number)
    return replace(
        unknown,
        kind=Kind.REJECTED,
        reason=body["reason"],
        arrived_at=body["arrivedAt"],
        position=position if stream_arn and shard and number else None,
        subsequence_number=place,
        payload=payload,
        size=size if isinstance(size, int) else None,
    )


def _payload(body: dict[str, Any]) -> bytes | None:
    """The record's bytes, None where they did not fit; raises ValueError for what is neither."""
    field = body.get("payload", 0)
    if field is None:
        return None
    if not isinstance(field, str):
        raise ValueError("neither base64 nor null")
    return base64.b64decode(field, validate=True)


def _exhausted(unknown: DeadLetter) -> DeadLetter | None:
    """The letter as what Lambda sends of a batch whose retries are exhausted.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    batch = unknown.body.get("KinesisBatchInfo")
    if not isinstance(batch, dict):
        return None
    first, last = batch.get("startSequenceNumber"), batch.get("endSequenceNumber")
    if not (_is_number(first) and _is_number(last)):
        return None
    shard, arn = batch.get("shardId"), batch.get("streamArn")
    if not (isinstance(shard, str) and isinstance(arn, str)):
        return None
    context, records = unknown.body.get("requestContext"), batch.get("batchSize")
    return replace(
        unknown,
        kind=Kind.EXHAUSTED,
        reason=str(context.get("condition", "")) if isinstance(context, dict) else "",
        arrived_at=str(batch.get("approximateArrivalOfFirstRecord", "")),
        position=StreamPosition(stream_arn=arn, shard=shard, first=first, last=last),
        records=records if isinstance(records, int) else 0,
        size=None,
    )


def _is_number(value: Any) -> TypeGuard[str]:
    # A Kinesis sequence number has 128 digits at most; int() refuses more than 4,300.
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 128


def _sent_at(message: MessageTypeDef) -> datetime | None:
    sent = message.get("Attributes", {}).get("SentTimestamp")
    return datetime.fromtimestamp(int(sent) / 1000, UTC) if sent else None
