"""Parses messages of the dead-letter queue and objects of the bucket."""

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
# The fields that a rejected record's message needs to be redriven; see RejectedRecord in
# processor/dead_letters.py.
_TEXTS = ("reason", "streamArn", "shardId", "sequenceNumber", "partitionKey", "arrivedAt")


class Kind(StrEnum):
    """Which part sent a message: the function, Lambda's event source mapping, or neither."""

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
    """A record that could not be stored, or the position of an exhausted batch.

    `body` is the message itself. `payload` is None if the message has none: for a batch, and for a
    record too large for SQS. `position` is None for messages that this stack did not write, and for
    a rejected record whose position the function did not know. `subsequence_number` is a rejected
    record's index in an aggregated record, if it was in one. `key` is that of an object in the
    bucket of exhausted batches, if the letter is not from the queue.
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
        """In the user's own bucket, only this stack's objects."""
        return not self.key or self.kind is not Kind.UNKNOWN

    @property
    def short_id(self) -> str:
        return self.id[:SHORT_ID]

    @property
    def shard(self) -> str:
        return self.position.shard if self.position else ""

    @property
    def sequence_number(self) -> str:
        """The record's sequence number, or a batch's first and last.

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
        """When the (first) record arrived; if unknown, when the message was sent."""
        return self.arrived or self.sent_at

    @property
    def text(self) -> str:
        """The payload as text; it may contain anything, including terminal control characters."""
        if self.payload is not None:
            return self.payload.decode(errors="replace")
        if self.kind is Kind.UNKNOWN:
            return str(self.body.get("text", "")) or json.dumps(self.body, ensure_ascii=False)
        return ""


def contents(letter: DeadLetter) -> list[bytes]:
    """The data of a letter: of each record in it, if it is an aggregated one.

    Empty if the letter has no payload.
    """
    return [] if letter.payload is None else contained(letter.payload)


def contained(data: bytes) -> list[bytes]:
    """The records in an aggregated record; else the record itself, even if it can't be read."""
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
    """Parse a message; an incomplete one is of kind unknown."""
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
    """Parse an object from its beginning; its id is the end of its name."""
    text = content.decode(errors="replace")
    # The records come last, and are read only when needed.
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
    """Parse a letter that the function wrote, if it is complete."""
    body = unknown.body
    if body.get("kind") != "rejected":
        return None
    if not all(isinstance(body.get(name), str) for name in _TEXTS):
        return None
    number, place = body["sequenceNumber"], body.get("subsequenceNumber")
    # Empty fields are those that the function did not know.
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
    """The record's bytes, None if they did not fit; raises ValueError for anything else."""
    field = body.get("payload", 0)
    if field is None:
        return None
    if not isinstance(field, str):
        raise ValueError("neither base64 nor null")
    return base64.b64decode(field, validate=True)


def _exhausted(unknown: DeadLetter) -> DeadLetter | None:
    """Parse a letter that Lambda sends for a batch whose retries are exhausted.

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
