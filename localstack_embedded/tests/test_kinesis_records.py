"""Records as Kinesis operations accept and return them."""

from __future__ import annotations

from typing import Any

import pytest

from localstack_embedded.plugin.kinesis.service import Settings
from localstack_embedded.plugin.kinesis.wire import Moment

from .kinesis_calls import ACCOUNT, HIGHEST, NOON, Calls, arn

FIRST, SECOND, THIRD = (f"shardId-{index:012d}" for index in range(3))
MIB = 2**20
THROTTLED = "ProvisionedThroughputExceededException"


@pytest.fixture
def calls() -> Calls:
    calls = Calls()
    calls.stream()
    return calls


def test_a_record_comes_out_as_it_was_put(calls: Calls) -> None:
    put = calls("PutRecord", StreamName="tweets", Data="aGk=", PartitionKey="schlüssel")
    read = calls("GetRecords", ShardIterator=calls.iterator())

    assert put["ShardId"] == FIRST
    assert len(put["SequenceNumber"]) == 56
    assert read["Records"] == [
        {
            "SequenceNumber": put["SequenceNumber"],
            "ApproximateArrivalTimestamp": Moment(NOON),
            "Data": b"hi",
            "PartitionKey": "schlüssel",
        }
    ]
    assert read["MillisBehindLatest"] == 0


def test_reading_goes_on_where_it_ended_and_says_how_far_behind_it_is(calls: Calls) -> None:
    calls.put(b"a")
    calls.now += 2
    calls.put(b"b")
    calls.now += 1

    first = calls("GetRecords", ShardIterator=calls.iterator(), Limit=1)
    second = calls("GetRecords", ShardIterator=first["NextShardIterator"])
    third = calls("GetRecords", ShardIterator=second["NextShardIterator"])

    assert [record["Data"] for record in first["Records"]] == [b"a"]
    assert first["MillisBehindLatest"] == 3000
    assert [record["Data"] for record in second["Records"]] == [b"b"]
    assert (third["Records"], third["MillisBehindLatest"]) == ([], 0)
    iterators = {it["NextShardIterator"] for it in (first, second, third)}
    assert len(iterators) == 3


def test_reading_starts_at_each_of_the_positions_that_there_are(calls: Calls) -> None:
    first, second = calls.put(b"a", b"b")
    calls.now += 0.75
    calls.put(b"c")
    number = second["SequenceNumber"]

    def read(kind: str, **arguments: Any) -> list[bytes]:
        return calls.read(ShardIteratorType=kind, **arguments)

    assert read("TRIM_HORIZON") == [b"a", b"b", b"c"]
    assert read("LATEST") == []
    assert read("AT_SEQUENCE_NUMBER", StartingSequenceNumber=number) == [b"b", b"c"]
    assert read("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number) == [b"c"]
    assert read("AT_TIMESTAMP", Timestamp=NOON + 0.5) == [b"c"]
    assert read("AT_TIMESTAMP", Timestamp=NOON - 1) == [b"a", b"b", b"c"]
    start = calls.shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert read("AT_SEQUENCE_NUMBER", StartingSequenceNumber=start) == [b"a", b"b", b"c"]
    assert int(first["SequenceNumber"]) < int(number)


@pytest.mark.parametrize(
    "arguments",
    [
        {"ShardIteratorType": "AT_SEQUENCE_NUMBER"},
        {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "5"},
        {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": "9" * 56},
        {"ShardIteratorType": "LATEST", "StartingSequenceNumber": "5"},
        {"ShardIteratorType": "AT_TIMESTAMP"},
        {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": NOON + 3600},
    ],
)
def test_a_position_that_can_be_none_is_refused(calls: Calls, arguments: dict[str, Any]) -> None:
    code, _ = calls.refused("GetShardIterator", StreamName="tweets", ShardId=FIRST, **arguments)

    assert code == "InvalidArgumentException"


def test_another_shards_sequence_number_is_refused_by_its_name(calls: Calls) -> None:
    (put,) = calls.put(b"a")
    calls.stream("others", count=2)

    assert calls.refused(
        "GetShardIterator",
        StreamName="others",
        ShardId=SECOND,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=put["SequenceNumber"],
    ) == (
        "InvalidArgumentException",
        f"Invalid StartingSequenceNumber. It encodes {FIRST}, while it was used in a call to a"
        f" shard with {SECOND}",
    )


def test_the_end_of_a_closed_shard_has_no_iterator_but_children(calls: Calls) -> None:
    calls.put(b"a")
    calls("SplitShard", StreamName="tweets", ShardToSplit=FIRST, NewStartingHashKey=str(2**127))
    calls.put(b"b")

    end = calls("GetRecords", ShardIterator=calls.iterator())

    assert [record["Data"] for record in end["Records"]] == [b"a"]
    assert "NextShardIterator" not in end
    assert end["ChildShards"] == [
        {
            "ShardId": SECOND,
            "ParentShards": [FIRST],
            "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(2**127 - 1)},
        },
        {
            "ShardId": THIRD,
            "ParentShards": [FIRST],
            "HashKeyRange": {"StartingHashKey": str(2**127), "EndingHashKey": str(HIGHEST)},
        },
    ]
    assert calls.read(SECOND) + calls.read(THIRD) == [b"b"]


def test_an_iterator_expires_after_five_minutes(calls: Calls) -> None:
    iterator = calls.iterator()
    calls.now += 300
    calls("GetRecords", ShardIterator=iterator)
    calls.now += 1

    assert calls.refused("GetRecords", ShardIterator=iterator) == (
        "ExpiredIteratorException",
        "Iterator expired. The iterator was created at time Fri Jan 15 08:00:00 UTC 2027 while"
        " right now it is Fri Jan 15 08:05:01 UTC 2027 which is further in the future than the"
        " tolerated delay of 300000 milliseconds.",
    )


@pytest.mark.parametrize("shard_id", ["shardId-0", "0", "shardId-000000000000"])
def test_a_shards_number_is_enough_to_name_it(calls: Calls, shard_id: str) -> None:
    calls.put(b"a")

    assert calls.read(shard_id) == [b"a"]


@pytest.mark.parametrize("iterator", ["nonsense", "AAAA", "a" * 100, "ä"])
def test_an_iterator_that_was_made_elsewhere_is_refused(calls: Calls, iterator: str) -> None:
    assert calls.refused("GetRecords", ShardIterator=iterator) == (
        "InvalidArgumentException",
        "Invalid ShardIterator.",
    )


def test_an_iterator_in_quotation_marks_will_do(calls: Calls) -> None:
    calls.put(b"a")

    assert calls("GetRecords", ShardIterator=f'"{calls.iterator()}"')["Records"]


def test_an_iterator_of_a_deleted_stream_leads_nowhere(calls: Calls) -> None:
    iterator = calls.iterator()
    calls("DeleteStream", StreamName="tweets")
    gone = (
        "ResourceNotFoundException",
        f"Shard {FIRST} in stream tweets under account {ACCOUNT} does not exist",
    )

    assert calls.refused("GetRecords", ShardIterator=iterator) == gone
    calls.now += 1
    calls.stream()
    assert calls.refused("GetRecords", ShardIterator=iterator) == gone


def test_an_iterator_goes_with_its_own_stream_only(calls: Calls) -> None:
    iterator = calls.iterator()

    assert calls("GetRecords", ShardIterator=iterator, StreamARN=arn("tweets"))
    code, _ = calls.refused("GetRecords", ShardIterator=iterator, StreamARN=arn("others"))
    assert code == "InvalidArgumentException"


def test_the_explicit_hash_key_decides_up_to_the_highest(calls: Calls) -> None:
    calls.stream("two", count=2)
    put = {"StreamName": "two", "Data": b"a", "PartitionKey": "key"}

    assert calls("PutRecord", **put, ExplicitHashKey="0")["ShardId"] == FIRST
    assert calls("PutRecord", **put, ExplicitHashKey=str(HIGHEST))["ShardId"] == SECOND
    assert calls.refused("PutRecord", **put, ExplicitHashKey=str(HIGHEST + 1)) == (
        "InvalidArgumentException",
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified"
        f" value was {HIGHEST + 1}",
    )
    assert calls.refused("PutRecord", **put, ExplicitHashKey="-1")[0] == "ValidationException"


def test_a_record_with_its_key_is_as_large_as_the_stream_allows(calls: Calls) -> None:
    calls.put(bytes(MIB - 3))
    code, _ = calls.refused(
        "PutRecords",
        StreamName="tweets",
        Records=[
            {"Data": b"fits", "PartitionKey": "key"},
            {"Data": bytes(MIB - 2), "PartitionKey": "key"},
        ],
    )
    assert code == "InvalidArgumentException"
    assert len(calls.read()) == 1

    calls("UpdateMaxRecordSize", StreamARN=arn("tweets"), MaxRecordSizeInKiB=10240)
    calls.put(bytes(9 * MIB))
    assert [len(data) for data in calls.read()] == [MIB - 3, 9 * MIB]


def test_a_call_takes_500_records_of_10_mib_together(calls: Calls) -> None:
    assert len(calls.put(*[bytes(20_000)] * 500)) == 500
    code, _ = calls.refused(
        "PutRecords",
        StreamName="tweets",
        Records=[{"Data": bytes(MIB - 3), "PartitionKey": "key"}] * 11,
    )
    assert code == "InvalidArgumentException"
    code, _ = calls.refused(
        "PutRecords", StreamName="tweets", Records=[{"Data": b"", "PartitionKey": "k"}] * 501
    )
    assert code == "ValidationException"


def test_a_call_gives_10_mib_at_most(calls: Calls) -> None:
    for _ in range(11):
        calls.put(bytes(MIB - 3))

    assert len(calls.read()) == 10


def test_a_record_needs_a_key_unless_the_stream_distributes_by_itself(calls: Calls) -> None:
    assert calls.refused("PutRecord", StreamName="tweets", Data=b"a") == (
        "ValidationException",
        "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint:"
        " Member must not be null",
    )
    calls("CreateStream", StreamName="even", RecordDistributionStrategy="AUTO")
    answers = calls("PutRecords", StreamName="even", Records=[{"Data": b"a"}] * 8)["Records"]
    assert len({answer["ShardId"] for answer in answers}) == 4
    records = calls(
        "GetRecords", ShardIterator=calls.iterator(answers[0]["ShardId"], StreamName="even")
    )["Records"]
    assert records[0]["PartitionKey"] is None
    code, _ = calls.refused(
        "PutRecord", StreamName="even", Data=b"a", SequenceNumberForOrdering="1"
    )
    assert code == "InvalidArgumentException"


def test_an_order_is_kept_behind_the_number_of_an_earlier_record(calls: Calls) -> None:
    (first,) = calls.put(b"a")
    put = {"StreamName": "tweets", "Data": b"b", "PartitionKey": "key"}

    later = calls("PutRecord", **put, SequenceNumberForOrdering=first["SequenceNumber"])

    assert int(later["SequenceNumber"]) > int(first["SequenceNumber"])
    assert calls.refused("PutRecord", **put, SequenceNumberForOrdering="7") == (
        "InvalidArgumentException",
        "ExclusiveMinimumSequenceNumber 7 used in PutRecord on stream tweets under account"
        f" {ACCOUNT} is invalid.",
    )


def test_a_full_shard_refuses_records_one_by_one() -> None:
    calls = Calls(has_limits=True)
    calls.stream()
    calls.put(*[b""] * 500)

    calls.put(*[b""] * 499)
    answer = calls(
        "PutRecords",
        StreamName="tweets",
        Records=[{"Data": b"", "PartitionKey": "key"}] * 3,
    )

    message = f"Rate exceeded for shard {FIRST} in stream tweets under account {ACCOUNT}."
    assert answer["FailedRecordCount"] == 2
    assert answer["Records"][1:] == [{"ErrorCode": THROTTLED, "ErrorMessage": message}] * 2
    assert calls.refused("PutRecord", StreamName="tweets", Data=b"", PartitionKey="key") == (
        THROTTLED,
        message,
    )
    calls.now += 1
    calls("PutRecord", StreamName="tweets", Data=b"", PartitionKey="key")


def test_a_shard_gives_five_times_a_second() -> None:
    calls = Calls(has_limits=True)
    calls.stream()
    iterator = calls.iterator()
    for _ in range(5):
        calls("GetRecords", ShardIterator=iterator)

    assert calls.refused("GetRecords", ShardIterator=iterator)[0] == THROTTLED
    calls.now += 1
    calls("GetRecords", ShardIterator=iterator)


def test_errors_come_with_the_probability_that_is_set() -> None:
    calls = Calls(Settings(error_probability=lambda: 0.5), chance=0.4)
    calls.stream()

    code, _ = calls.refused("PutRecord", StreamName="tweets", Data=b"a", PartitionKey="key")
    answer = calls(
        "PutRecords", StreamName="tweets", Records=[{"Data": b"", "PartitionKey": "key"}] * 2
    )

    assert code == THROTTLED
    assert answer["FailedRecordCount"] == 2
    assert [record["ErrorCode"] for record in answer["Records"]] == [THROTTLED] * 2
    calls.chance = 0.6
    calls.put(b"a")
    assert calls.read() == [b"a"]
