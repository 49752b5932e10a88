"""The event that a function is invoked with, compared with AWS's example."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localstack_embedded.plugin.mapping.event import Events
from localstack_embedded.plugin.mapping.interfaces import Batch, Window
from localstack_embedded.tests.mapping_records import StoredRecord

STREAM = "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"
CONSUMER = f"{STREAM}/consumer/fast:1"
ROLE = "arn:aws:iam::123456789012:role/lambda-role"
SHARD = "shardId-000000000006"
NUMBER = StoredRecord().sequence_number


def event_of(batch: Batch, source: str = STREAM) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(Events(source, ROLE).of(batch))
    return event


def test_the_event_has_the_form_that_aws_documents() -> None:
    record = StoredRecord(b"Hello, this is a test.")

    assert event_of(Batch(SHARD, [record])) == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "1",
                    "sequenceNumber": NUMBER,
                    "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                    "approximateArrivalTimestamp": 1545084650.987,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{SHARD}:{NUMBER}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": ROLE,
                "awsRegion": "us-east-2",
                "eventSourceARN": STREAM,
            }
        ]
    }


def test_a_consumers_records_name_the_consumer() -> None:
    (record,) = event_of(Batch(SHARD, [StoredRecord()]), CONSUMER)["Records"]

    assert record["eventSourceARN"] == CONSUMER
    assert record["awsRegion"] == "us-east-2"


@pytest.mark.parametrize("key", [None, "", 'a"b\\c', "ключ 🐦", "\ud83d"])
def test_any_partition_key_passes(key: str | None) -> None:
    (record,) = event_of(Batch(SHARD, [StoredRecord(partition_key=key)]))["Records"]

    assert record["kinesis"]["partitionKey"] == key


def test_arrival_has_milliseconds() -> None:
    (record,) = event_of(Batch(SHARD, [StoredRecord(arrived=1545084650.9874321)]))["Records"]

    assert record["kinesis"]["approximateArrivalTimestamp"] == 1545084650.987


def test_a_window_is_described_as_aws_documents_it() -> None:
    window = Window(start=1596128400, end=1596128700, state={"1": 282})

    event = event_of(Batch(SHARD, [StoredRecord()], window))

    assert event.pop("Records")
    assert event == {
        "window": {"start": "2020-07-30T17:00:00Z", "end": "2020-07-30T17:05:00Z"},
        "state": {"1": 282},
        "shardId": SHARD,
        "eventSourceARN": STREAM,
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }


def test_the_last_invocation_of_a_window_may_have_no_records() -> None:
    window = Window(start=0, end=60, state={}, is_final=True, is_terminated_early=True)

    event = event_of(Batch(SHARD, [], window))

    assert event["Records"] == []
    assert event["isFinalInvokeForWindow"] is True
    assert event["isWindowTerminatedEarly"] is True


@pytest.mark.parametrize("length", [0, 1, 2, 3, 1_000])
@pytest.mark.parametrize("key", [None, "plain", "🐦"])
def test_a_record_takes_the_size_that_is_told_of_it(length: int, key: str | None) -> None:
    events = Events(CONSUMER, ROLE)
    record = StoredRecord(bytes(length), key)

    def size_of(count: int) -> int:
        return len(events.of(Batch(SHARD, [record] * count)))

    assert size_of(3) - size_of(2) == events.size(record)
