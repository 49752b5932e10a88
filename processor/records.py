"""The event Lambda hands over for a batch of one Kinesis shard, and the answer it expects."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from processor.aggregation import deaggregate
from processor.errors import Reason, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processor.aggregation import Contained


class KinesisData(TypedDict):
    """The Kinesis part of a record: `data` is base64, the arrival is in seconds since 1970."""

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


class Source(NamedTuple):
    """Where a tweet came from: a record, or one of several contained in an aggregated record."""

    record: KinesisRecord
    contained: Contained | None = None


def payloads(record: KinesisRecord) -> list[tuple[Source, bytes]]:
    """A record's data, or those of all records in it; raises Rejected when it can't be read."""
    data = _decoded(record)
    contents = deaggregate(data)
    if contents is None:
        return [(Source(record), data)]
    return [(Source(record, contained), contained.data) for contained in contents]


def shard_id(record: KinesisRecord) -> str:
    """The shard a record came from."""
    return record["eventID"].partition(":")[0]


def sequence_number(record: KinesisRecord) -> str:
    """A record's sequence number, as it came."""
    return record["kinesis"]["sequenceNumber"]


def respond(unhandled: Iterable[Source]) -> BatchResponse:
    """Ask Lambda to retry from the lowest unhandled record, or to move on when there is none.

    Lambda retries that record and everything after it, whatever became of the rest. Of an
    aggregated record it retries the whole.
    """
    numbers = {sequence_number(source.record) for source in unhandled}
    # As integers: AWS pads them to 56 digits, emulators count 1, 2, ... 10.
    lowest = min(numbers, key=int, default=None)
    return {"batchItemFailures": [] if lowest is None else [{"itemIdentifier": lowest}]}


def _decoded(record: KinesisRecord) -> bytes:
    try:
        return base64.b64decode(record["kinesis"]["data"], validate=True)
    except ValueError as error:
        raise Rejected(Reason.NOT_BASE64, str(error)) from error
