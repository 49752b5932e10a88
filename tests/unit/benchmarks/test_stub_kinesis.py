"""The stand-in for Kinesis takes what a shard takes, and says what it took."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config

from benchmarks.clients import STREAM, boto3_client
from benchmarks.shards import SHARD_BYTES, SHARD_RECORDS, Shards
from benchmarks.stub_kinesis import stub_kinesis
from tests.waiting import wait_for

LAST = (1 << 128) - 1


def entry(size: int, *, hash_key: int = 0) -> dict[str, str]:
    # Base64 of zeros, three bytes for each four characters.
    return {"Data": "A" * (size // 3 * 4), "PartitionKey": "", "ExplicitHashKey": str(hash_key)}


def accepted(shards: Shards, size: int, times: int, now: float, *, hash_key: int = 0) -> int:
    one = entry(size, hash_key=hash_key)
    return sum(shards.put(one, now)[1] is not None for _ in range(times))


@pytest.mark.parametrize(("size", "most"), [(3, SHARD_RECORDS), (30_000, SHARD_BYTES // 30_000)])
def test_a_shard_takes_so_many_records_and_bytes_and_a_second_later_so_many_again(
    size: int, most: int
) -> None:
    shards = Shards(count=1, share=1.0, began=5.0)

    assert accepted(shards, size, 2 * most, 5.0) == most
    assert accepted(shards, size, 2 * most, 6.0) in (most, most + 1)
    assert accepted(shards, size, 3 * most, 60.0) in (most, most + 1)


def test_what_others_take_is_not_there() -> None:
    shards = Shards(count=1, share=0.6, began=0.0)

    assert accepted(shards, 3, 1000, 0.0) == 600
    assert accepted(shards, 3, 1000, 1.0) == 600


def test_a_full_shard_leaves_the_others_alone() -> None:
    shards = Shards(count=2, share=1.0, began=0.0)
    accepted(shards, 3, 1500, 0.0)

    assert shards.put(entry(3), 0.0)[1] is None
    shard, sequence = shards.put(entry(3, hash_key=LAST), 0.0)
    assert (shard.id, sequence is not None) == ("shardId-000000000001", True)


def test_a_key_is_hashed_as_kinesis_does() -> None:
    shards = Shards(count=2, share=1.0, began=0.0)

    # MD5 of "a" begins with 0c, and of "b" with 92.
    found = [shards.put({"Data": "", "PartitionKey": key}, 0.0)[0].number for key in "ab"]

    assert found == [0, 1]


def test_sequence_numbers_have_56_digits_and_grow() -> None:
    shards = Shards(count=1, share=1.0, began=0.0)

    numbers = [shards.put(entry(3), 0.0)[1] or "" for _ in range(20)]

    assert {len(number) for number in numbers} == {56}
    assert numbers == sorted(set(numbers))


def test_a_split_shard_is_closed_and_its_halves_take_twice_as_much() -> None:
    shards = Shards(count=1, share=1.0, began=0.0)
    accepted(shards, 3, 1000, 0.0)

    shards.split(0.0)

    assert [shard["ShardId"] for shard in shards.listed()] == [
        "shardId-000000000001",
        "shardId-000000000002",
    ]
    assert accepted(shards, 3, 1500, 0.0) == 1000
    assert accepted(shards, 3, 1500, 0.0, hash_key=LAST) == 1000


def test_a_steady_rate_begins_when_the_limits_hold_from_then_on() -> None:
    shards = Shards(count=1, share=1.0, began=0.0)
    accepted(shards, 100_000, 20, 0.0)
    # Little for ten seconds, and then as much as there is.
    for tenth in range(1, 300):
        accepted(shards, 10_000, 5 if tenth < 100 else 200, tenth / 10)

    assert 5.0 < shards.seconds_to_steady() <= 10.0


def test_the_books_say_how_long_the_shards_need_for_what_they_took() -> None:
    shards = Shards(count=2, share=1.0, began=0.0)
    for second in range(5):
        accepted(shards, 3, 1000, float(second))

    assert shards.seconds_by_keys() == pytest.approx(4.0)
    assert shards.seconds_if_even() == pytest.approx(1.5)


def test_boto3_is_answered_as_by_kinesis() -> None:
    with stub_kinesis(shards=1) as stub:
        client: Any = boto3_client(stub, config=Config(retries={"total_max_attempts": 1}))
        records = [{"Data": bytes(300_000), "PartitionKey": str(n)} for n in range(4)]

        answer = client.put_records(StreamName=STREAM, Records=records)

        assert answer["FailedRecordCount"] == 1
        assert answer["Records"][0]["ShardId"] == "shardId-000000000000"
        assert answer["Records"][3]["ErrorCode"] == "ProvisionedThroughputExceededException"
        assert answer["Records"][3]["ErrorMessage"] == (
            "Rate exceeded for shard shardId-000000000000 in stream tweets "
            "under account 000000000000."
        )
        assert [it["ShardId"] for it in client.list_shards(StreamName=STREAM)["Shards"]] == [
            "shardId-000000000000"
        ]
        described = client.describe_stream(StreamName=STREAM)["StreamDescription"]
        assert described["StreamStatus"] == "ACTIVE"
        # The same data three times.
        books = stub.books()
        assert (books.records, books.refused, books.distinct, books.tweets) == (3, 1, 1, 3)

        stub.split()
        assert len(client.list_shards(StreamName=STREAM)["Shards"]) == 2


def test_an_outage_ends_by_itself() -> None:
    with stub_kinesis(shards=1) as stub:
        client: Any = boto3_client(stub, config=Config(retries={"total_max_attempts": 1}))

        statuses = []

        def puts() -> bool:
            records = [{"Data": b"{}", "PartitionKey": "a"}]
            try:
                client.put_records(StreamName=STREAM, Records=records)
            except client.exceptions.ClientError as error:
                statuses.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
                return False
            return True

        def fails() -> bool:
            """Unless a busy machine calls after the outage."""
            stub.fail_for(0.5)
            return not puts()

        wait_for(fails, "an outage")
        wait_for(puts, "the end of the outage")
        assert set(statuses) == {500}
