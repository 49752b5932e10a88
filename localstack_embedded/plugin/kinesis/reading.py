"""Shard iterators, and reading records with them."""

from __future__ import annotations

from typing import Any, cast

from ..streams import (
    FutureTimestampError,
    NoSuchShardError,
    ReadLimitError,
    SequenceNumberError,
    StartingPosition,
    Stream,
)
from ..streams.numbers import parts_of
from ..tokens import SECONDS_VALID, ForgedTokenError, seal, unseal
from .details import details_of
from .errors import KinesisError, invalid, not_found, throttled
from .service import Answer, Caller, Kinesis, Request, account_in, shard_in
from .shown import children_shown, records_shown
from .times import seconds_in, utc

_MOST_RECORDS = 10_000
_ITERATOR = "GetRecords"
_AT_NUMBER = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")
_RULE = (
    "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and"
    " StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber."
    " Request specified"
)


def get_shard_iterator(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Get an iterator for a position in a shard."""
    stream = kinesis.usable(caller, request)
    shard = shard_in(stream, request["ShardId"])
    position = starting_position(
        stream,
        shard.id,
        request["ShardIteratorType"],
        request.get("StartingSequenceNumber"),
        seconds_in(request, "Timestamp"),
    )
    return {"ShardIterator": _iterator(kinesis, stream, shard.id, position)}


def starting_position(
    stream: Stream, shard_id: str, kind: str, number: str | None, timestamp: float | None
) -> int:
    """The position that a call's arguments stand for; raises KinesisError."""
    if kind in _AT_NUMBER and number is None:
        raise invalid(f"{_RULE} {kind} and no StartingSequenceNumber.")
    if kind not in _AT_NUMBER and number is not None:
        raise invalid(f"{_RULE} {kind} and also a StartingSequenceNumber.")
    if kind == "AT_TIMESTAMP" and timestamp is None:
        raise invalid(
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current"
            " request has no timestamp parameter."
        )
    start = StartingPosition(cast(Any, kind), number or "", timestamp or 0.0)
    try:
        return stream.position_of(shard_id, start)
    except FutureTimestampError as error:
        raise invalid(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis."
            f" timestampInMillis: {int(error.timestamp * 1000)},"
            f" currentTimestampInMillis: {int(error.now * 1000)}"
        ) from None
    except SequenceNumberError:
        raise _bad_number(stream, shard_id, number or "") from None
    except NoSuchShardError:
        raise _gone(stream.arn, shard_id) from None


def get_records(kinesis: Kinesis, _caller: Caller, request: Request) -> Answer:
    """The records at an iterator, and the next iterator."""
    _, arn, created, shard_id, position = _opened(kinesis, request["ShardIterator"])
    if request.get("StreamARN", arn) != arn:
        raise invalid("The ShardIterator belongs to a stream other than StreamARN.")
    stream = kinesis.streams.find(arn)
    if stream is None or stream.created != created:
        raise _gone(arn, shard_id)
    try:
        read = stream.read(
            shard_id, position, limit=request.get("Limit", _MOST_RECORDS), is_counted=True
        )
    except NoSuchShardError:
        raise _gone(arn, shard_id) from None
    except ReadLimitError:
        kinesis.metrics.refused_read(stream, shard_id)
        raise throttled(shard_id, stream.name, account_in(arn)) from None
    kinesis.metrics.read(stream, shard_id, read)
    is_encrypted = details_of(stream)["key_id"] is not None
    answer: Answer = {
        "Records": records_shown(read.records, is_encrypted=is_encrypted),
        "MillisBehindLatest": read.behind_ms,
    }
    if read.next is None:
        answer["ChildShards"] = children_shown(stream, shard_in(stream, shard_id))
    else:
        answer["NextShardIterator"] = _iterator(kinesis, stream, shard_id, read.next)
    return answer


def _iterator(kinesis: Kinesis, stream: Stream, shard_id: str, position: int) -> str:
    return seal(_ITERATOR, [kinesis.clock(), stream.arn, stream.created, shard_id, position])


def _opened(kinesis: Kinesis, iterator: str) -> list[Any]:
    # Like AWS, accept the quotation marks that come along when an iterator is copied.
    try:
        content = unseal(_ITERATOR, iterator.strip('"'))
    except ForgedTokenError:
        raise invalid("Invalid ShardIterator.") from None
    made, now = content[0], kinesis.clock()
    if now - made > SECONDS_VALID:
        raise KinesisError(
            "ExpiredIteratorException",
            f"Iterator expired. The iterator was created at time {utc(made)} while right now it is"
            f" {utc(now)} which is further in the future than the tolerated delay of"
            f" {SECONDS_VALID * 1000} milliseconds.",
        )
    return content


def _bad_number(stream: Stream, shard_id: str, number: str) -> KinesisError:
    account = account_in(stream.arn)
    wrong = (
        f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard_id} in stream"
        f" {stream.name} under account {account} is invalid"
    )
    try:
        encoded = f"shardId-{parts_of(number).shard:012d}"
    except SequenceNumberError:
        return invalid(f"{wrong}.")
    if encoded != shard_id:
        return invalid(
            f"Invalid StartingSequenceNumber. It encodes {encoded}, while it was used in a call to"
            f" a shard with {shard_id}"
        )
    return invalid(f"{wrong} because it did not come from this stream.")


def _gone(arn: str, shard_id: str) -> KinesisError:
    name = arn.partition("stream/")[2]
    return not_found(
        f"Shard {shard_id} in stream {name} under account {account_in(arn)} does not exist"
    )
