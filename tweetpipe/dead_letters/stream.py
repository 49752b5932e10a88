"""Reads records from the stream again, by position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import ClientError

from tweetpipe.aws.place import Place
from tweetpipe.dead_letters.letter import DeadLetter, StreamPosition

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import RecordTypeDef

_AT_A_TIME = 1000  # records, though never more than 10 MB

# A shard allows five reads a second, and the function's event source mapping uses some.
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
_PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 10})


@dataclass(frozen=True, kw_only=True)
class StreamRecord:
    """A record and its position in the stream; `arrived` is in seconds since 1970."""

    stream_arn: str
    shard: str
    sequence_number: str
    partition_key: str
    arrived: float
    data: bytes


def read_again(place: Place, letter: DeadLetter) -> Iterator[StreamRecord]:
    """The letter's records that the stream still has, in order.

    If several batches of a shard are processed at a time (ParallelizationFactor), this includes
    records of other batches in between.
    """
    position = letter.position
    if position is None:
        return
    reader = _Reader(place.kinesis(_PATIENT), position, letter.arrived)
    for record in reader.records():
        if int(record["SequenceNumber"]) > int(position.last):
            return
        # A start by time, or at the oldest record, may return earlier records.
        if position.holds(record["SequenceNumber"]):
            yield _stream_record(record, position)
        if int(record["SequenceNumber"]) == int(position.last):
            return


def read_since(place: Place, stream: str, start: datetime) -> Iterator[Iterator[StreamRecord]]:
    """The records that arrived since then, shard by shard, each in order.

    Reads up to the newest record at that moment, even if more keep arriving.
    """
    kinesis = place.kinesis(_PATIENT)
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    for page in kinesis.get_paginator("list_shards").paginate(StreamName=stream):
        for shard in page["Shards"]:
            position = StreamPosition(
                stream_arn=summary["StreamARN"], shard=shard["ShardId"], first="", last=""
            )
            reader = _Reader(kinesis, position, start)
            yield (_stream_record(record, position) for record in reader.records())


def _stream_record(record: RecordTypeDef, position: StreamPosition) -> StreamRecord:
    arrived = record.get("ApproximateArrivalTimestamp")
    return StreamRecord(
        stream_arn=position.stream_arn,
        shard=position.shard,
        sequence_number=record["SequenceNumber"],
        # A stream with its own distribution of records has no partition keys.
        partition_key=record.get("PartitionKey") or "",
        arrived=arrived.timestamp() if arrived else 0.0,
        data=record["Data"],
    )


class _Reader:
    """Read a shard from a position, or from a time if the position has no number."""

    def __init__(
        self, kinesis: KinesisClient, position: StreamPosition, arrived: datetime | None
    ) -> None:
        self._kinesis = kinesis
        self._arrived = arrived
        self._position = position

    def records(self) -> Iterator[RecordTypeDef]:
        """All records from the position to the newest."""
        iterator = self._first_iterator()
        last = ""
        while iterator:
            try:
                answer = self._kinesis.get_records(ShardIterator=iterator, Limit=_AT_A_TIME)
            except ClientError as error:
                # An iterator expires after five minutes, and storing the previous records may take
                # longer.
                if _code(error) != "ExpiredIteratorException":
                    raise
                iterator = self._iterator_after(last) if last else self._first_iterator()
                continue
            yield from answer["Records"]
            if answer["Records"]:
                last = answer["Records"][-1]["SequenceNumber"]
            # An empty answer may be followed by one with records.
            if not answer.get("MillisBehindLatest") and not (
                answer["Records"] and self._position.first
            ):
                return
            iterator = answer.get("NextShardIterator", "")

    def _first_iterator(self) -> str:
        """An iterator at the position, or at the oldest record after it; empty if the shard is
        gone.
        """
        stream, shard = self._position.stream, self._position.shard
        if not self._position.first:
            return self._iterator_at_time()
        try:
            return self._kinesis.get_shard_iterator(
                StreamName=stream,
                ShardId=shard,
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                StartingSequenceNumber=self._position.first,
            )["ShardIterator"]
        except ClientError as error:
            if _code(error) == "ResourceNotFoundException":
                return ""
            if _code(error) != "InvalidArgumentException":
                raise
        # The shard does not have this number (any more), but may have later ones.
        return self._iterator_at_time()

    def _iterator_at_time(self) -> str:
        stream, shard, arrived = self._position.stream, self._position.shard, self._arrived
        if arrived is None:
            return self._kinesis.get_shard_iterator(
                StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
        return self._kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=arrived
        )["ShardIterator"]

    def _iterator_after(self, sequence_number: str) -> str:
        return self._kinesis.get_shard_iterator(
            StreamName=self._position.stream,
            ShardId=self._position.shard,
            ShardIteratorType="AFTER_SEQUENCE_NUMBER",
            StartingSequenceNumber=sequence_number,
        )["ShardIterator"]


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
