"""The DynamoDB Streams API, on the records in moto's tables."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.dynamodbstreams import DynamodbstreamsApi
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard, Table

from ..tokens import ForgedTokenError, seal, unseal
from .errors import Refused, check_range, invalid, not_found, unconstrained
from .provider import as_service_exceptions
from .tables import trim

Answer = dict[str, Any]

_MAX_RECORDS = 1000
_MAX_BYTES = 2**20
_ITERATOR, _ITERATOR_SECONDS = "GetRecords of DynamoDB", 900.0
_MAX_LISTED = 100
_TYPES = ("TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")


class TableStreams(DynamodbstreamsApi):  # type: ignore[misc]
    """The streams of all tables; each has one shard, which ends only when the stream does."""

    @handler("ListStreams", expand=False)  # type: ignore[untyped-decorator]
    @as_service_exceptions
    def list_streams(self, context: RequestContext, request: dict[str, Any]) -> Answer:
        """All streams of the account in the region, or the stream of one table."""
        limit = request.get("Limit") or _MAX_LISTED
        check_range(limit, "limit", 1, _MAX_LISTED)
        tables = dynamodb_backends[context.account_id][context.region].tables
        streams = [
            {"StreamArn": arn, "TableName": name, "StreamLabel": table.latest_stream_label}
            for name, table in tables.items()
            if request.get("TableName") in (None, name) and (arn := _arn(table))
        ]
        if start := request.get("ExclusiveStartStreamArn"):
            arns = [stream["StreamArn"] for stream in streams]
            streams = streams[arns.index(start) + 1 if start in arns else len(arns) :]
        more = len(streams) > limit
        streams = streams[:limit]
        last = {"LastEvaluatedStreamArn": streams[-1]["StreamArn"]} if more else {}
        return {"Streams": streams, **last}

    @handler("DescribeStream", expand=False)  # type: ignore[untyped-decorator]
    @as_service_exceptions
    def describe_stream(self, _context: RequestContext, request: dict[str, Any]) -> Answer:
        """The stream and its shard."""
        check_range(request.get("Limit") or 1, "limit", 1, _MAX_LISTED)
        table = _table_of(request["StreamArn"])
        shard = _trimmed(table)
        first = shard.starting_sequence_number + shard.trimmed
        numbers = {"StartingSequenceNumber": str(first)}
        if not _is_on(table):
            end = first + max(len(shard.items) - 1, 0)
            numbers["EndingSequenceNumber"] = str(end)
        shards = [{"ShardId": shard.id, "SequenceNumberRange": numbers}]
        return {
            "StreamDescription": {
                "StreamArn": request["StreamArn"],
                "StreamLabel": table.latest_stream_label,
                "StreamStatus": "ENABLED" if _is_on(table) else "DISABLED",
                "StreamViewType": shard.view,
                "CreationRequestDateTime": shard.created_on,
                "TableName": table.name,
                "KeySchema": table.schema,
                "Shards": [] if request.get("ExclusiveStartShardId") == shard.id else shards,
            }
        }

    @handler("GetShardIterator", expand=False)  # type: ignore[untyped-decorator]
    @as_service_exceptions
    def get_shard_iterator(self, _context: RequestContext, request: dict[str, Any]) -> Answer:
        """An iterator for the position to start reading at; it expires after 15 minutes."""
        kind, number = request["ShardIteratorType"], request.get("SequenceNumber")
        if kind not in _TYPES:
            raise unconstrained(
                kind, "shardIteratorType", f"satisfy enum value set: [{', '.join(_TYPES)}]"
            )
        shard = _trimmed(_table_of(request["StreamArn"]))
        if request["ShardId"] != shard.id:
            raise not_found(
                f"Requested resource not found: Shard: {request['ShardId']} in stream:"
                f" {request['StreamArn']} not found"
            )
        position = len(shard.items) if kind == "LATEST" else 0
        first = shard.starting_sequence_number + shard.trimmed
        if kind.endswith("SEQUENCE_NUMBER"):
            if number is None or not number.isdecimal():
                raise invalid(
                    f"Invalid SequenceNumber: {kind} needs a sequence number of this shard"
                )
            position = int(number) - first + kind.startswith("AFTER")
            if position < 0:
                raise _past_the_oldest()
            if position > max(len(shard.items), 1):
                raise invalid(f"Invalid SequenceNumber: {number}")
        return {"ShardIterator": _iterator(request["StreamArn"], shard.trimmed + position)}

    @handler("GetRecords", expand=False)  # type: ignore[untyped-decorator]
    @as_service_exceptions
    def get_records(self, _context: RequestContext, request: dict[str, Any]) -> Answer:
        """At most 1,000 records and 1 MiB from a position on."""
        limit = _MAX_RECORDS if request.get("Limit") is None else request["Limit"]
        check_range(limit, "limit", 1, _MAX_RECORDS)
        arn, position = _position_of(request["ShardIterator"])
        table = _table_of(arn)
        shard = _trimmed(table)
        start = position - shard.trimmed
        if start < 0:
            raise _past_the_oldest()
        records: list[Answer] = []
        size = 0
        for told in shard.items[start : start + limit]:
            record = told.to_json()
            size += record["dynamodb"]["SizeBytes"]
            if records and size > _MAX_BYTES:
                break
            records.append(record)
        position += len(records)
        ended = not _is_on(table) and position >= shard.trimmed + len(shard.items)
        following = {} if ended else {"NextShardIterator": _iterator(arn, position)}
        return {"Records": records, **following}


def _trimmed(table: Table) -> StreamShard:
    trim(table.stream_shard, datetime.now(UTC))
    return table.stream_shard


def _past_the_oldest() -> Refused:
    return Refused(
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard",
    )


def _arn(table: Table) -> str | None:
    label = table.latest_stream_label
    return f"{table.table_arn}/stream/{label}" if label else None


def _is_on(table: Table) -> bool:
    return bool(table.stream_specification.get("StreamEnabled"))


def _table_of(arn: str) -> Table:
    parts = arn.split(":", 5)
    if len(parts) < 6:
        raise invalid(f"Invalid StreamArn: {arn}")
    region, account = parts[3:5]
    is_there = account.isdecimal() and region in dynamodb_backends[account]
    tables = dynamodb_backends[account][region].tables if is_there else {}
    for table in tables.values():
        if _arn(table) == arn:
            return table
    raise not_found(f"Requested resource not found: Stream: {arn} not found")


def _iterator(arn: str, position: int) -> str:
    return f"{arn}|1|{seal(_ITERATOR, [arn, position, time.time()])}"


def _position_of(iterator: str) -> tuple[str, int]:
    try:
        arn, position, made = unseal(_ITERATOR, iterator.rpartition("|1|")[2])
    except ForgedTokenError:
        raise invalid("Invalid ShardIterator") from None
    if time.time() - made > _ITERATOR_SECONDS:
        raise Refused("ExpiredIteratorException", "The shard iterator has expired")
    return arn, position
