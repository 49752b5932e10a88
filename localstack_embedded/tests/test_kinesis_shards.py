"""Shards as Kinesis operations list, split, and merge them."""

from __future__ import annotations

from typing import Any

import pytest

from localstack_embedded.plugin.kinesis.service import Settings

from .kinesis_calls import ACCOUNT, HIGHEST, NOON, Calls, arn

FIRST, SECOND, THIRD, FOURTH, FIFTH = (f"shardId-{index:012d}" for index in range(5))
MIDDLE = 2**127
MINUTE, HOUR = 60.0, 3600.0


@pytest.fixture
def calls() -> Calls:
    return Calls()


def split(calls: Calls, shard_id: str = FIRST, at: int = MIDDLE) -> None:
    calls("SplitShard", StreamName="tweets", ShardToSplit=shard_id, NewStartingHashKey=str(at))


def ids(shards: list[Any]) -> list[str]:
    return [shard["ShardId"] for shard in shards]


def resize(calls: Calls, count: int) -> Any:
    return calls(
        "UpdateShardCount",
        StreamName="tweets",
        TargetShardCount=count,
        ScalingType="UNIFORM_SCALING",
    )


def test_a_split_shard_is_closed_and_its_halves_name_it(calls: Calls) -> None:
    calls.stream()
    split(calls)

    parent, low, high = calls.shards()

    assert int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
    assert low["SequenceNumberRange"]["EndingSequenceNumber"] is None
    assert (low["ParentShardId"], high["ParentShardId"]) == (FIRST, FIRST)
    assert "AdjacentParentShardId" not in low
    assert low["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(MIDDLE - 1)}
    assert high["HashKeyRange"] == {
        "StartingHashKey": str(MIDDLE),
        "EndingHashKey": str(HIGHEST),
    }


def test_merged_shards_have_a_child_that_names_both(calls: Calls) -> None:
    calls.stream(count=2)

    calls("MergeShards", StreamName="tweets", ShardToMerge=FIRST, AdjacentShardToMerge=SECOND)

    child = calls.shards()[-1]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (FIRST, SECOND)


@pytest.mark.parametrize("at", [0, 1, HIGHEST])
def test_a_shard_is_split_within_its_range_only(calls: Calls, at: int) -> None:
    calls.stream()

    code, message = calls.refused(
        "SplitShard", StreamName="tweets", ShardToSplit=FIRST, NewStartingHashKey=str(at)
    )

    assert code == "InvalidArgumentException"
    assert message == (
        f"NewStartingHashKey {at} used in SplitShard() on shard {FIRST} in stream tweets under"
        f" account {ACCOUNT} is not both greater than one plus the shard's StartingHashKey 0 and"
        f" less than the shard's EndingHashKey {HIGHEST}."
    )


def test_what_cant_be_split_or_merged_is_refused(calls: Calls) -> None:
    calls.stream(count=3)
    merge = {"StreamName": "tweets", "ShardToMerge": FIRST}

    assert calls.refused("MergeShards", **merge, AdjacentShardToMerge=THIRD) == (
        "InvalidArgumentException",
        f"Shards {FIRST} and {THIRD} in stream tweets under account {ACCOUNT} are not an adjacent"
        " pair of shards eligible for merging",
    )
    calls("MergeShards", **merge, AdjacentShardToMerge=SECOND)
    for operation, arguments in (
        ("MergeShards", {**merge, "AdjacentShardToMerge": FOURTH}),
        ("SplitShard", {"StreamName": "tweets", "ShardToSplit": FIRST, "NewStartingHashKey": "5"}),
    ):
        code, message = calls.refused(operation, **arguments)
        assert code == "InvalidArgumentException"
        assert "has already been merged or split" in message
    code, _ = calls.refused(
        "SplitShard", StreamName="tweets", ShardToSplit="shardId-9", NewStartingHashKey="5"
    )
    assert code == "ResourceNotFoundException"


def test_a_stream_on_demand_is_resharded_by_nobody(calls: Calls) -> None:
    calls("CreateStream", StreamName="tweets")

    code, _ = calls.refused(
        "SplitShard", StreamName="tweets", ShardToSplit=FIRST, NewStartingHashKey="5"
    )

    assert code == "ValidationException"


def test_the_shard_count_is_at_most_doubled_and_at_least_halved(calls: Calls) -> None:
    calls.stream(count=3)

    answer = resize(calls, 6)
    assert answer == {
        "StreamName": "tweets",
        "CurrentShardCount": 3,
        "TargetShardCount": 6,
        "StreamARN": arn("tweets"),
    }
    for count in (13, 2):
        code, _ = calls.refused(
            "UpdateShardCount",
            StreamName="tweets",
            TargetShardCount=count,
            ScalingType="UNIFORM_SCALING",
        )
        assert code == "InvalidArgumentException", count
    assert len(calls.shards(ShardFilter={"Type": "AT_LATEST"})) == 6


def test_the_shard_count_is_changed_ten_times_a_day_at_most(calls: Calls) -> None:
    calls.stream()
    for count in (2, 1) * 5:
        resize(calls, count)

    code, _ = calls.refused(
        "UpdateShardCount",
        StreamName="tweets",
        TargetShardCount=2,
        ScalingType="UNIFORM_SCALING",
    )

    assert code == "LimitExceededException"
    calls.now += 24 * HOUR + 1
    resize(calls, 2)


def test_a_split_counts_for_the_accounts_limit() -> None:
    calls = Calls(Settings(shard_limit=1))
    calls.stream()

    code, _ = calls.refused(
        "SplitShard", StreamName="tweets", ShardToSplit=FIRST, NewStartingHashKey=str(MIDDLE)
    )

    assert code == "LimitExceededException"


@pytest.mark.parametrize(
    ("shard_filter", "expected"),
    [
        ({"Type": "AT_LATEST"}, [SECOND, FOURTH, FIFTH]),
        ({"Type": "AT_TRIM_HORIZON"}, [FIRST]),
        ({"Type": "FROM_TRIM_HORIZON"}, [FIRST, SECOND, THIRD, FOURTH, FIFTH]),
        ({"Type": "AFTER_SHARD_ID", "ShardId": THIRD}, [FOURTH, FIFTH]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": NOON + MINUTE / 2}, [FIRST]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": NOON + 1.5 * MINUTE}, [SECOND, THIRD]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": NOON - HOUR}, [FIRST]),
        (
            {"Type": "FROM_TIMESTAMP", "Timestamp": NOON + 1.5 * MINUTE},
            [SECOND, THIRD, FOURTH, FIFTH],
        ),
        ({"Type": "FROM_TIMESTAMP", "Timestamp": NOON + 3 * MINUTE}, [SECOND, FOURTH, FIFTH]),
    ],
    ids=lambda it: it["Type"] if isinstance(it, dict) else "",
)
def test_shards_are_listed_as_they_were_at_a_time(
    calls: Calls, shard_filter: dict[str, Any], expected: list[str]
) -> None:
    calls.stream()
    calls.now += MINUTE
    split(calls)
    calls.now += MINUTE
    split(calls, THIRD, MIDDLE + 100)

    assert ids(calls.shards(ShardFilter=shard_filter)) == expected


@pytest.mark.parametrize("kind", ["AFTER_SHARD_ID", "AT_TIMESTAMP", "FROM_TIMESTAMP"])
def test_a_filter_without_what_it_is_about_is_refused(calls: Calls, kind: str) -> None:
    calls.stream()

    code, _ = calls.refused("ListShards", StreamName="tweets", ShardFilter={"Type": kind})

    assert code == "InvalidArgumentException"


def test_shards_are_listed_page_by_page_with_the_filter_they_began_with(calls: Calls) -> None:
    calls.stream(count=2)
    split(calls, FIRST, 5)

    first = calls(
        "ListShards", StreamName="tweets", ShardFilter={"Type": "AT_LATEST"}, MaxResults=2
    )
    second = calls("ListShards", NextToken=first["NextToken"])

    assert ids(first["Shards"] + second["Shards"]) == [SECOND, THIRD, FOURTH]
    assert second["NextToken"] is None
    assert ids(calls.shards(ExclusiveStartShardId=THIRD)) == [FOURTH]


def test_a_next_token_that_is_bad_old_or_not_alone_is_refused(calls: Calls) -> None:
    calls.stream(count=2)
    token = calls("ListShards", StreamName="tweets", MaxResults=1)["NextToken"]

    assert calls.refused("ListShards", NextToken="?")[0] == "InvalidArgumentException"
    assert calls.refused("ListShards", NextToken=token, StreamName="tweets") == (
        "InvalidArgumentException",
        "NextToken and StreamName cannot be provided together.",
    )
    assert calls.refused("ListShards")[0] == "InvalidArgumentException"
    calls.now += 301
    assert calls.refused("ListShards", NextToken=token)[0] == "ExpiredNextTokenException"
