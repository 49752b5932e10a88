"""Reads records from the stream a second time, by their position."""

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

# A shard answers five reads a second, and the function's event source mapping reads it as well.
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
_PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 10})


@dataclass(frozen=True, kw_only=True)
class StreamRecord:
    """A record and where it is in the stream; `arrived` is in seconds since 1970."""

    stream_arn: str
    shard: str
    sequence_number: str
    partition_key: str
    arrived: float
    data: bytes


def read_again(place: Place, letter: DeadLetter) -> Iterator[StreamRecord]:
    """What the stream still has of the letter's records, in their order.

    Where several batches of a shard are processed at a time (ParallelizationFactor), those of the
    other batches in between come as well.
    """
    position = letter.position
    if position is None:
        return
    reader = _Reader(place.kinesis(_PATIENT), position, letter.arrived)
    for record in reader.records():
        if int(record["SequenceNumber"]) > int(position.last):
            return
        # After a start at a time, or at the oldest record, there may be earlier ones.
        if position.holds(record["SequenceNumber"]):
            yield _stream_record(record, position)
        if int(record["SequenceNumber"]) == int(position.last):
            return


def read_since(place: Place, stream: str, start: datetime) -> Iterator[Iterator[StreamRecord]]:
    """What the stream has that arrived since then, shard by shard, each in its order.

    To the newest record there is while it is read, also where more keep coming.
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
        # A stream that distributes records by itself has none.
        partition_key=record.get("PartitionKey") or "",
        arrived=arrived.timestamp() if arrived else 0.0,
        data=record["Data"],
    )


class _Reader:
    """Reads a shard from a position on, or where that has no number, from a time on."""

    def __init__(
        self, kinesis: KinesisClient, position: StreamPosition, arrived: datetime | None
    ) -> None:
        self._kinesis = kinesis
        self._arrived = arrived
        self._position = position

    def records(self) -> Iterator[RecordTypeDef]:
        """Everything from the position to the newest record."""
        iterator = self._first_iterator()
        last = ""
        while iterator:
            try:
                answer = self._kinesis.get_records(ShardIterator=iterator, Limit=_AT_A_TIME)
            except ClientError as error:
                # An iterator lasts five minutes, and storing what came before may take longer.
                if _code(error) != "ExpiredIteratorException":
                    raise
                iterator = self._iterator_after(last) if last else self._first_iterator()
                continue
            yield from answer["Records"]
            if answer["Records"]:
                last = answer["Records"][-1]["SequenceNumber"]
            # Also an answer without records may be followed by one with some.
            if not answer.get("MillisBehindLatest") and not (
                answer["Records"] and self._position.first
            ):
                return
            iterator = answer.get("NextShardIterator", "")

    def _first_iterator(self) -> str:
        """Where the position begins, or the oldest record after it; empty without the shard."""
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
        # The shard does not know this number (any more), though perhaps later ones.
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
