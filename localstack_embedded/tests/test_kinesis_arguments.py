"""What is wrong with a call's arguments, with AWS's messages."""

from __future__ import annotations

from typing import Any

import pytest

from localstack_embedded.plugin.kinesis.newer import NEWER_OPERATIONS, NEWER_SHAPES
from localstack_embedded.plugin.kinesis.operations import OPERATIONS
from localstack_embedded.plugin.kinesis.specification import patches

from .kinesis_calls import Calls

FAILED = "failed to satisfy constraint: Member must"


@pytest.fixture
def calls() -> Calls:
    calls = Calls()
    calls.stream()
    return calls


@pytest.mark.parametrize(
    ("operation", "arguments", "wrong"),
    [
        ("CreateStream", {}, f"Value null at 'streamName' {FAILED} not be null"),
        (
            "CreateStream",
            {"StreamName": "a/b", "ShardCount": 1},
            f"Value 'a/b' at 'streamName' {FAILED}"
            " satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            "CreateStream",
            {"StreamName": "a", "ShardCount": 0},
            f"Value '0' at 'shardCount' {FAILED} have value greater than or equal to 1",
        ),
        (
            "CreateStream",
            {"StreamName": "a", "MaxRecordSizeInKiB": 1023},
            f"Value '1023' at 'maxRecordSizeInKiB' {FAILED}"
            " have value greater than or equal to 1024",
        ),
        (
            "CreateStream",
            {"StreamName": "a", "StreamModeDetails": {"StreamMode": "SOMETIMES"}},
            f"Value 'SOMETIMES' at 'streamModeDetails.streamMode' {FAILED}"
            " satisfy enum value set: [PROVISIONED, ON_DEMAND]",
        ),
        (
            "PutRecord",
            {"StreamName": "tweets", "Data": b"", "PartitionKey": ""},
            f"Value '' at 'partitionKey' {FAILED} have length greater than or equal to 1",
        ),
        (
            "PutRecord",
            {"StreamName": "tweets", "Data": bytes(10 * 2**20 + 1), "PartitionKey": "key"},
            "Value 'java.nio.HeapByteBuffer[pos=0 lim=10485761 cap=10485761]' at 'data'"
            f" {FAILED} have length less than or equal to 10485760",
        ),
        (
            "PutRecords",
            {
                "StreamName": "tweets",
                "Records": [
                    {"Data": b"", "PartitionKey": "key"},
                    {"Data": b"", "PartitionKey": "k" * 257},
                ],
            },
            f"Value '{'k' * 257}' at 'records.2.member.partitionKey' {FAILED}"
            " have length less than or equal to 256",
        ),
        (
            "PutRecords",
            {"StreamName": "tweets", "Records": []},
            f"Value '[]' at 'records' {FAILED} have length greater than or equal to 1",
        ),
        (
            "GetRecords",
            {"ShardIterator": "i", "Limit": 10_001},
            f"Value '10001' at 'limit' {FAILED} have value less than or equal to 10000",
        ),
        (
            "AddTagsToStream",
            {"StreamName": "tweets", "Tags": {"k" * 129: "value"}},
            f"Value '{{{'k' * 129}=value}}' at 'tags' failed to satisfy constraint: Map keys must"
            " satisfy constraint: [Member must have length less than or equal to 128, Member must"
            " have length greater than or equal to 1]",
        ),
        (
            "AddTagsToStream",
            {"StreamName": "tweets", "Tags": {"team": None}},
            f"Value null at 'tags.team.member' {FAILED} not be null",
        ),
        (
            "PutRecords",
            {"StreamName": "tweets", "Records": [None]},
            f"Value null at 'records.1.member' {FAILED} not be null",
        ),
        (
            "EnableEnhancedMonitoring",
            {"StreamName": "tweets", "ShardLevelMetrics": ["Everything"]},
            "Value '[Everything]' at 'shardLevelMetrics' failed to satisfy constraint: Member must"
            " satisfy constraint: [Member must satisfy enum value set: [IncomingBytes,"
            " IncomingRecords, OutgoingBytes, OutgoingRecords, WriteProvisionedThroughputExceeded,"
            " ReadProvisionedThroughputExceeded, IteratorAgeMilliseconds, ALL]]",
        ),
    ],
)
def test_a_broken_constraint_is_named_with_the_argument_and_its_value(
    calls: Calls, operation: str, arguments: dict[str, Any], wrong: str
) -> None:
    code, message = calls.refused(operation, **arguments)

    assert (code, message) == ("ValidationException", f"1 validation error detected: {wrong}")


def test_all_broken_constraints_are_named_at_once(calls: Calls) -> None:
    code, message = calls.refused("GetShardIterator", StreamName="", ShardIteratorType="NOW")

    assert code == "ValidationException"
    assert message.startswith("4 validation errors detected: Value '' at 'streamName' failed")
    assert "; Value null at 'shardId' failed" in message
    assert "; Value 'NOW' at 'shardIteratorType' failed" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"StreamName": 5}, "NUMBER_VALUE can not be converted to a String"),
        (
            {"StreamName": "a", "ShardCount": "2"},
            "STRING_VALUE can not be converted to an Integer",
        ),
        ({"StreamName": "a", "ShardCount": True}, "TRUE_VALUE can not be converted to an Integer"),
        ({"StreamName": ["a"]}, "Start of list found where not expected"),
        ({"StreamName": "a", "Tags": "b"}, "Expected map or null"),
        ({"StreamName": "a", "StreamModeDetails": 1}, "Expected null"),
    ],
)
def test_an_argument_of_another_type_is_refused(
    calls: Calls, arguments: dict[str, Any], message: str
) -> None:
    assert calls.refused("CreateStream", **arguments) == ("SerializationException", message)


@pytest.mark.parametrize(
    "record",
    [
        {"Data": "not base64!", "PartitionKey": "key"},
        {"Data": 5, "PartitionKey": "key"},
        {"Data": "aGk=", "PartitionKey": "\ud800"},
    ],
)
def test_a_record_that_is_no_data_or_has_no_text_for_a_key_is_refused(
    calls: Calls, record: dict[str, Any]
) -> None:
    code, _ = calls.refused("PutRecords", StreamName="tweets", Records=[record])

    assert code == "SerializationException"
    assert calls.read() == []


def test_records_are_too_many_to_be_shown(calls: Calls) -> None:
    record = {"Data": bytes(10**6), "PartitionKey": "key"}

    code, message = calls.refused("PutRecords", StreamName="tweets", Records=[record] * 501)

    assert code == "ValidationException"
    assert "Member must have length less than or equal to 500" in message
    assert len(message) < 20_000


def test_a_fraction_is_cut_and_what_is_no_number_refused(calls: Calls) -> None:
    calls.put(b"a", b"b")
    answer = calls("GetRecords", ShardIterator=calls.iterator(), Limit=1.9)

    assert len(answer["Records"]) == 1
    for number in (float("nan"), float("inf")):
        code, _ = calls.refused("GetRecords", ShardIterator=calls.iterator(), Limit=number)
        assert code == "SerializationException"


@pytest.mark.parametrize("timestamp", [10**400, -(10**14), 1e308], ids=["huge", "past", "float"])
def test_a_time_that_no_clock_shows_is_refused(calls: Calls, timestamp: float) -> None:
    shard_filter = {"Type": "AT_TIMESTAMP", "Timestamp": timestamp}
    for operation, arguments in (
        ("ListShards", {"ShardFilter": shard_filter}),
        ("ListShards", {"StreamCreationTimestamp": timestamp}),
        (
            "GetShardIterator",
            {"ShardId": "0", "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": timestamp},
        ),
    ):
        code, _ = calls.refused(operation, StreamName="tweets", **arguments)
        assert code == "SerializationException"


def test_null_is_as_good_as_nothing(calls: Calls) -> None:
    calls("PutRecord", StreamName="tweets", Data="aGk=", PartitionKey="k", ExplicitHashKey=None)

    assert calls.read() == [b"hi"]


def test_a_dry_run_is_checked_and_changes_nothing(calls: Calls) -> None:
    code, _ = calls.refused(
        "PutRecord", StreamName="tweets", Data=b"", PartitionKey="k", DryRun=True
    )

    assert code == "DryRunOperationException"
    assert calls.read() == []


def test_localstack_is_told_of_each_newer_operation_and_reads_none_of_the_arguments() -> None:
    told = {patch["path"]: patch["value"] for patch in patches()}

    assert set(NEWER_OPERATIONS) <= set(OPERATIONS)
    for name, operation in NEWER_OPERATIONS.items():
        assert told[f"/operations/{name}"] == operation
        for way in ("input", "output"):
            shape = operation.get(way, {}).get("shape")
            assert shape is None or f"/shapes/{shape}" in told
            assert shape is None or shape in NEWER_SHAPES
    for name in OPERATIONS:
        assert told[f"/shapes/{name}Input"]["document"] is True
