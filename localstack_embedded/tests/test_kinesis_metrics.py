"""What Kinesis reports to CloudWatch about its streams."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from localstack_embedded.plugin.kinesis.metrics import StreamMetrics
from localstack_embedded.plugin.kinesis.service import Caller

from .kinesis_calls import ACCOUNT, Calls, arn

SHARD = "shardId-000000000000"
Sums = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def sums() -> Sums:
    return defaultdict(float)


@pytest.fixture
def calls(sums: Sums) -> Calls:
    calls = Calls(has_limits=True)

    def add(account: str, region: str, name: str, _unit: str, value: float, **of: Any) -> None:
        assert (account, region, of.pop("StreamName")) == (ACCOUNT, "us-east-1", "tweets")
        sums[name, frozenset(of.items())] += value

    calls.kinesis.metrics = StreamMetrics(add)
    calls.stream()
    return calls


def of_stream(sums: Sums) -> dict[str, float]:
    return {name: value for (name, more), value in sums.items() if not more and value}


def test_what_is_put_is_counted_and_so_is_what_is_refused(calls: Calls, sums: Sums) -> None:
    calls.put(b"four", *[bytes(600_000)] * 2)
    calls("PutRecord", StreamName="tweets", Data=b"four", PartitionKey="key")

    assert of_stream(sums) == {
        "IncomingRecords": 3,
        "IncomingBytes": 600_017,
        "WriteProvisionedThroughputExceeded": 1,
        "PutRecords.Bytes": 600_010,
        "PutRecords.Success": 1,
        "PutRecords.TotalRecords": 3,
        "PutRecords.SuccessfulRecords": 2,
        "PutRecords.ThrottledRecords": 1,
        "PutRecord.Bytes": 7,
        "PutRecord.Success": 1,
    }


def test_what_is_read_is_counted_with_its_age(calls: Calls, sums: Sums) -> None:
    calls.put(b"a")
    calls.now += 2
    calls.put(b"b")
    sums.clear()

    calls("GetRecords", ShardIterator=calls.iterator(), Limit=1)
    for _ in range(5):
        calls.iterator()
    for _ in range(4):
        calls("GetRecords", ShardIterator=calls.iterator(ShardIteratorType="LATEST"))
    calls.refused("GetRecords", ShardIterator=calls.iterator())

    assert of_stream(sums) == {
        "GetRecords.Success": 5,
        "GetRecords.Records": 1,
        "GetRecords.Bytes": 1,
        "GetRecords.IteratorAgeMilliseconds": 2000,
        "ReadProvisionedThroughputExceeded": 1,
    }


def test_shards_are_counted_apart_where_that_is_turned_on(calls: Calls, sums: Sums) -> None:
    calls(
        "EnableEnhancedMonitoring",
        StreamName="tweets",
        ShardLevelMetrics=["IncomingRecords", "OutgoingBytes"],
    )
    calls.put(b"one", b"two")
    calls.read()

    shard = frozenset({("ShardId", SHARD)})
    assert {name: value for (name, of), value in sums.items() if of == shard} == {
        "IncomingRecords": 2,
        "OutgoingBytes": 6,
    }


def test_events_are_counted_by_consumer(calls: Calls, sums: Sums) -> None:
    consumer = calls("RegisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="reader")
    calls.put(b"a")
    events = calls.operations.subscribe(
        Caller(ACCOUNT, "us-east-1"),
        {
            "ConsumerARN": consumer["Consumer"]["ConsumerARN"],
            "ShardId": SHARD,
            "StartingPosition": {"Type": "TRIM_HORIZON"},
        },
    )
    next(events)

    assert sums["SubscribeToShardEvent.Records", frozenset({("ConsumerName", "reader")})] == 1
