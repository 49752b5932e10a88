"""The event Lambda hands over for a batch of one Kinesis shard, and the answer it expects."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, TypedDict

from processor.errors import Reason, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable


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


def payload(record: KinesisRecord) -> bytes:
    """Decode a record's data; raises Rejected when it isn't base64."""
    try:
        return base64.b64decode(record["kinesis"]["data"], validate=True)
    except ValueError as error:
        raise Rejected(Reason.NOT_BASE64, str(error)) from error


def shard_id(record: KinesisRecord) -> str:
    """The shard a record came from."""
    return record["eventID"].partition(":")[0]


def sequence_number(record: KinesisRecord) -> str:
    """A record's sequence number, as it came."""
    return record["kinesis"]["sequenceNumber"]


def respond(unhandled: Iterable[KinesisRecord]) -> BatchResponse:
    """Ask Lambda to retry from the lowest unhandled record, or to move on when there is none.

    Lambda retries that record and everything after it, whatever became of the rest.
    """
    # As integers: AWS pads them to 56 digits, emulators count 1, 2, ... 10.
    lowest = min(map(sequence_number, unhandled), key=int, default=None)
    return {"batchItemFailures": [] if lowest is None else [{"itemIdentifier": lowest}]}
