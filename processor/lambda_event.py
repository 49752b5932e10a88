"""Lambda's event for a batch of one Kinesis shard, and the answer it expects.

The types describe what Lambda documents. The code here does not rely on it: missing or invalid
fields count as empty, so that one bad record never affects the next.
"""

from __future__ import annotations

from binascii import a2b_base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from processor.aggregation import deaggregate
from processor.errors import Reason, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processor.aggregation import Contained


# Kinesis API reference: a sequence number has at most 128 digits, and names are shorter.
_MAX_DIGITS = 128
_MAX_CHARACTERS = 512
# Seconds since 1970; more than this, in the year 5138, are milliseconds, as some emulators send.
_MAX_SECONDS = 1e11


class KinesisData(TypedDict):
    """The Kinesis part of a record: `data` is base64, the arrival is in seconds since 1970.

    A stream with its own distribution of records gives them no `partitionKey`.
    """

    sequenceNumber: str
    partitionKey: str
    data: str
    approximateArrivalTimestamp: float


class KinesisRecord(TypedDict):
    """A record of the event; `eventID` is `<shard id>:<sequence number>`."""

    eventID: str
    eventSourceARN: str
    kinesis: KinesisData


class KinesisEvent(TypedDict):
    """The event: records of one shard in the order of the stream."""

    Records: list[KinesisRecord]


class BatchItemFailure(TypedDict):
    """A record to retry from, by its sequence number."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """The answer with ReportBatchItemFailures: an empty list means that all is done."""

    batchItemFailures: list[BatchItemFailure]


class Origin(NamedTuple):
    """The origin of an event: a record, or one of several in an aggregated record."""

    record: KinesisRecord
    contained: Contained | None = None


def payloads(record: KinesisRecord) -> list[tuple[Origin, bytes]]:
    """A record's data, or that of all records in it; raises Rejected if it can't be read."""
    data = _decoded(record)
    contents = deaggregate(data)
    if contents is None:
        return [(Origin(record), data)]
    return [(Origin(record, contained), contained.data) for contained in contents]


def records_in(event: object) -> list[KinesisRecord] | None:
    """The event's records, which may be of any type; None if it has no list of records."""
    records = event.get("Records") if isinstance(event, dict) else None
    return records if isinstance(records, list) else None


def shard_id(record: KinesisRecord) -> str:
    """The shard a record came from."""
    return _text(record, "eventID").partition(":")[0]


def stream_arn(record: KinesisRecord) -> str:
    """The stream a record came from."""
    return _text(record, "eventSourceARN")


def partition_key(record: KinesisRecord) -> str:
    """The record's partition key."""
    return _text(_kinesis(record), "partitionKey")


def sequence_number(record: KinesisRecord) -> str:
    """A record's sequence number, as it came."""
    number = _text(_kinesis(record), "sequenceNumber")
    return number if number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS else ""


def arrived_at(record: KinesisRecord) -> str:
    """When Kinesis received a record, in ISO 8601 UTC with milliseconds."""
    seconds = arrival(record)
    if seconds is None:
        return ""
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def arrival(record: KinesisRecord) -> float | None:
    """When Kinesis received a record, in seconds since 1970."""
    seconds: Any = _kinesis(record).get("approximateArrivalTimestamp")
    try:
        moment = datetime.fromtimestamp(seconds / 1000 if seconds > _MAX_SECONDS else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return moment.timestamp()


def respond(unhandled: Iterable[Origin]) -> BatchResponse:
    """Ask Lambda to retry from the lowest unhandled record, or to move on if there is none.

    Lambda retries that record and everything after it, including records already stored. An
    aggregated record is retried as a whole.
    """
    numbers = {sequence_number(origin.record) for origin in unhandled}
    if "" in numbers:
        return every_record_failed()
    # As integers: AWS pads them to 56 digits, emulators count 1, 2, ... 10.
    lowest = min(numbers, key=int, default=None)
    return {"batchItemFailures": [] if lowest is None else [{"itemIdentifier": lowest}]}


def every_record_failed() -> BatchResponse:
    """Ask Lambda to retry the whole batch, which an empty identifier does.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """
    return {"batchItemFailures": [{"itemIdentifier": ""}]}


def _decoded(record: KinesisRecord) -> bytes:
    try:
        return a2b_base64(record["kinesis"]["data"], strict_mode=True)
    except (KeyError, TypeError) as error:
        raise Rejected(Reason.NOT_BASE64, "the record has no data") from error
    except ValueError as error:
        raise Rejected(Reason.NOT_BASE64, str(error)) from error


def _kinesis(record: KinesisRecord) -> dict[str, Any]:
    fields: Any = record
    kinesis = fields.get("kinesis") if isinstance(fields, dict) else None
    return kinesis if isinstance(kinesis, dict) else {}


def _text(fields: Any, name: str) -> str:
    value = fields.get(name) if isinstance(fields, dict) else None
    return value[:_MAX_CHARACTERS] if isinstance(value, str) else ""
