"""Consumers that others have written, on a stream that is split while they read."""

from __future__ import annotations

import base64
import importlib
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localstack_embedded import Instance
from tests.clients import aws_client

KEYS = [f"user-{number}" for number in range(20)]


@pytest.fixture(scope="module")
def library() -> Iterator[Any]:
    """AWS's own library for aggregated records; it puts itself on the path when it is imported."""
    path = sys.path.copy()
    importlib.import_module("aws_kinesis_agg.aggregator")
    importlib.import_module("aws_kinesis_agg.deaggregator")
    yield sys.modules["aws_kinesis_agg"]
    sys.path[:] = path


def test_aggregated_records_come_out_once_and_in_order_through_a_split(
    emulator: Instance, library: Any
) -> None:
    kinesis, name = aws_client(emulator, "kinesis"), f"s-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    for start in (0, 100):
        put_aggregated(kinesis, name, library, range(start, start + 100))
        if start == 0:
            kinesis.split_shard(
                StreamName=name,
                ShardToSplit="shardId-000000000000",
                NewStartingHashKey=str(2**127),
            )
    seen: dict[str, list[int]] = {}

    for record in read_to_the_tip(kinesis, name):
        for user_record in library.deaggregator.iter_deaggregate_records([record], "Boto3"):
            key, number = text_of(user_record).split(":")
            seen.setdefault(key, []).append(int(number))

    assert seen == {key: list(range(index, 200, len(KEYS))) for index, key in enumerate(KEYS)}
    kinesis.delete_stream(StreamName=name)


def put_aggregated(kinesis: Any, stream: str, library: Any, numbers: range) -> None:
    """A record with all numbers of each key, as a producer with the library makes it."""
    for index, key in enumerate(KEYS):
        aggregator = library.aggregator.RecordAggregator()
        for number in numbers[index :: len(KEYS)]:
            aggregator.add_user_record(key, f"{key}:{number}")
        partition_key, _, data = aggregator.clear_and_get().get_contents()
        kinesis.put_record(StreamName=stream, PartitionKey=partition_key, Data=data)


def text_of(user_record: dict[str, Any]) -> str:
    return base64.b64decode(user_record["kinesis"]["data"]).decode()


def read_to_the_tip(kinesis: Any, stream: str) -> Iterator[dict[str, Any]]:
    """Each shard to its end or tip, children after their parents, as GetRecords names them."""
    shards = ["shardId-000000000000"]
    for shard in shards:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        behind = True
        while iterator and behind:
            answer = kinesis.get_records(ShardIterator=iterator)
            yield from answer["Records"]
            shards += [child["ShardId"] for child in answer.get("ChildShards", [])]
            iterator, behind = answer.get("NextShardIterator"), answer["MillisBehindLatest"] > 0
