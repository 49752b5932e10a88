"""Putting records."""

from __future__ import annotations

from typing import Any

from ..streams import Accepted, Entry, HashKeyError, RecordSizeError, SequenceNumberError, Stream
from ..streams.numbers import parts_of
from .details import details_of
from .errors import KinesisError, invalid, malformed, rate_exceeded, throttled
from .service import Answer, Caller, Kinesis, Request, account_in
from .shapes import Shapes, as_bytes

_THROTTLED = "ProvisionedThroughputExceededException"
_MOST_BYTES = 10 * 2**20
_MOST_RECORDS = 500
_MOST_KEY = 256


def put_record(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Put one record."""
    stream = kinesis.usable(caller, request)
    account = account_in(stream.arn)
    _check_order(kinesis, stream, request.get("SequenceNumberForOrdering"))
    entry = _entry(stream, request)
    if kinesis.chance() < kinesis.settings.error_probability():
        raise throttled(stream.open_shards[0].id, stream.name, account)
    (answer,) = _put(kinesis, stream, "PutRecord", [entry])
    if not isinstance(answer, Accepted):
        raise throttled(answer.shard_id, stream.name, account)
    return {
        "ShardId": answer.shard_id,
        "SequenceNumber": answer.sequence_number,
        **_encryption(stream),
    }


def put_records(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Put up to 500 records, each of which its shard may refuse."""
    stream = kinesis.usable(caller, request)
    account = account_in(stream.arn)
    entries = [_entry(stream, record) for record in request["Records"]]
    if sum(len(it.data) + len((it.partition_key or "").encode()) for it in entries) > _MOST_BYTES:
        raise invalid("Records size exceeds 10 MB limit")
    if kinesis.chance() < kinesis.settings.error_probability():
        refusal = _refusal(stream.open_shards[0].id, stream.name, account)
        return {"FailedRecordCount": len(entries), "Records": [refusal] * len(entries)}
    failed = 0
    records = []
    for answer in _put(kinesis, stream, "PutRecords", entries):
        if isinstance(answer, Accepted):
            records.append({"SequenceNumber": answer.sequence_number, "ShardId": answer.shard_id})
        else:
            failed += 1
            records.append(_refusal(answer.shard_id, stream.name, account))
    return {"FailedRecordCount": failed, "Records": records, **_encryption(stream)}


def checked(shapes: Shapes, operation: str, arguments: object) -> dict[str, Any]:
    """Like `Shapes.check`, with a shortcut for PutRecords calls that have nothing wrong."""
    if isinstance(arguments, dict) and operation == "PutRecords":
        others = {name: value for name, value in arguments.items() if name != "Records"}
        records = arguments.get("Records")
        if _are_plain(records):
            return {**shapes.check(operation, {**others, "Records": [_PLAIN]}), "Records": records}
    return shapes.check(operation, arguments)


_PLAIN = {"Data": b"", "PartitionKey": "key"}


def _are_plain(records: object) -> bool:
    """Whether these records are valid without a closer check."""
    return (
        isinstance(records, list)
        and 1 <= len(records) <= _MOST_RECORDS
        and all(
            isinstance(record, dict)
            and isinstance(record.get("Data"), (str, bytes))
            and isinstance(key := record.get("PartitionKey"), str)
            and 1 <= len(key) <= _MOST_KEY
            and record.get("ExplicitHashKey") is None
            for record in records
        )
    )


def _entry(stream: Stream, record: Request) -> Entry:
    key = record.get("PartitionKey")
    if key is None and not stream.is_even:
        raise malformed(
            "1 validation error detected: Value null at 'partitionKey' failed to satisfy"
            " constraint: Member must not be null"
        )
    if key is not None and not _is_text(key):
        raise KinesisError("SerializationException", "A partition key is not valid Unicode.")
    explicit = record.get("ExplicitHashKey")
    return Entry(as_bytes(record["Data"]), key, None if explicit is None else int(explicit))


def _is_text(key: str) -> bool:
    """Whether a key can be encoded; JSON may have lone surrogates, which no encoding has."""
    return key.isascii() or not any("\ud800" <= character <= "\udfff" for character in key)


def _put(kinesis: Kinesis, stream: Stream, operation: str, entries: list[Entry]) -> list[Any]:
    try:
        answers = stream.put(entries)
    except RecordSizeError as error:
        raise invalid(
            f"Record {error.index + 1} has {error.size} bytes with its partition key, more than the"
            f" stream's maximum record size of {stream.max_record_bytes} bytes."
        ) from None
    except HashKeyError as error:
        raise invalid(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]."
            f" Specified value was {error.value}"
        ) from None
    kinesis.metrics.put(stream, operation, entries, answers)
    return answers


def _check_order(kinesis: Kinesis, stream: Stream, number: str | None) -> None:
    """Refuse a number that no earlier record can have; new records get larger numbers anyway."""
    if number is None:
        return
    if stream.is_even:
        raise invalid("SequenceNumberForOrdering is not allowed with evenly distributed records.")
    try:
        is_past = parts_of(number).second <= kinesis.clock() + 1
    except SequenceNumberError:
        is_past = False
    if not is_past:
        raise invalid(
            f"ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {stream.name}"
            f" under account {account_in(stream.arn)} is invalid."
        )


def _encryption(stream: Stream) -> Answer:
    return {"EncryptionType": "KMS"} if details_of(stream)["key_id"] else {}


def _refusal(shard_id: str, stream_name: str, account: str) -> Answer:
    message = rate_exceeded(shard_id, stream_name, account)
    return {"ErrorCode": _THROTTLED, "ErrorMessage": message}
