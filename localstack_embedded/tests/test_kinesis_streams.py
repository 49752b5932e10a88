"""Streams as Kinesis operations create, describe, change, and delete them."""

from __future__ import annotations

from typing import Any

import pytest

from localstack_embedded.plugin.kinesis.service import Settings
from localstack_embedded.plugin.kinesis.wire import Moment

from .kinesis_calls import ACCOUNT, NOON, Calls, arn

OTHER_ACCOUNT = "111111111111"
KEY_ID = "alias/aws/kinesis"
HOUR, DAY = 3600, 86400


@pytest.fixture
def calls() -> Calls:
    return Calls()


def summary(calls: Calls, name: str = "tweets") -> Any:
    return calls("DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]


def test_a_new_stream_is_described_as_it_was_asked_for(calls: Calls) -> None:
    calls.stream(count=3, Tags={"stage": "test"}, MaxRecordSizeInKiB=2048)

    assert summary(calls) == {
        "StreamName": "tweets",
        "StreamARN": arn("tweets"),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "StreamCreationTimestamp": Moment(NOON),
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
        "KeyId": None,
        "OpenShardCount": 3,
        "ConsumerCount": 0,
        "MaxRecordSizeInKiB": 2048,
        "RecordDistributionStrategy": "USER_PARTITION_KEY",
        "WarmThroughput": None,
    }
    assert calls("ListTagsForStream", StreamName="tweets")["Tags"] == [
        {"Key": "stage", "Value": "test"}
    ]


def test_a_stream_without_a_shard_count_is_on_demand_with_four_shards(calls: Calls) -> None:
    calls("CreateStream", StreamName="tweets")

    assert summary(calls)["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert summary(calls)["OpenShardCount"] == 4


def test_a_stream_on_demand_begins_with_the_shards_that_are_asked_for(calls: Calls) -> None:
    calls.stream(StreamModeDetails={"StreamMode": "ON_DEMAND"})

    assert summary(calls)["OpenShardCount"] == 1


def test_a_name_is_taken_once_in_an_account(calls: Calls) -> None:
    calls.stream()

    assert calls.refused("CreateStream", StreamName="tweets", ShardCount=1) == (
        "ResourceInUseException",
        f"Stream tweets under account {ACCOUNT} already exists.",
    )
    calls.account = OTHER_ACCOUNT
    calls.stream()
    assert summary(calls)["StreamARN"] == arn("tweets", OTHER_ACCOUNT)


def test_an_arn_leads_to_another_accounts_stream(calls: Calls) -> None:
    calls.stream()
    calls.account = OTHER_ACCOUNT

    calls("PutRecord", StreamARN=arn("tweets"), Data=b"hi", PartitionKey="key")

    assert calls.refused("DescribeStream", StreamName="tweets") == (
        "ResourceNotFoundException",
        f"Stream tweets under account {OTHER_ACCOUNT} not found.",
    )
    calls.account = ACCOUNT
    assert calls.read() == [b"hi"]


@pytest.mark.parametrize(
    "arguments", [{}, {"StreamName": "tweets", "StreamARN": arn("others")}], ids=["none", "both"]
)
def test_a_stream_must_be_named_without_contradiction(
    calls: Calls, arguments: dict[str, str]
) -> None:
    calls.stream()

    assert calls.refused("DescribeStream", **arguments)[0] == "InvalidArgumentException"


def test_streams_pass_through_their_states_in_the_time_that_is_set() -> None:
    calls = Calls(Settings(latency=0.5))
    calls.stream()
    assert summary(calls)["StreamStatus"] == "CREATING"
    assert calls("DescribeStream", StreamName="tweets")["StreamDescription"]["Shards"] == []
    code, _ = calls.refused("PutRecord", StreamName="tweets", Data=b"", PartitionKey="k")
    assert code == "ResourceNotFoundException"

    calls.now += 0.5
    assert summary(calls)["StreamStatus"] == "ACTIVE"
    calls(
        "UpdateShardCount", StreamName="tweets", TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    assert summary(calls)["StreamStatus"] == "UPDATING"
    assert calls.refused(
        "IncreaseStreamRetentionPeriod", StreamName="tweets", RetentionPeriodHours=48
    ) == (
        "ResourceInUseException",
        f"Stream tweets under account {ACCOUNT} not ACTIVE, instead in state UPDATING",
    )
    calls.put(b"taken meanwhile")

    calls.now += 0.5
    calls("DeleteStream", StreamName="tweets")
    assert summary(calls)["StreamStatus"] == "DELETING"
    assert calls("ListStreams")["StreamNames"] == ["tweets"]
    assert calls.refused("CreateStream", StreamName="tweets")[0] == "ResourceInUseException"

    calls.now += 0.5
    assert calls("ListStreams")["StreamNames"] == []
    calls.stream()


@pytest.mark.parametrize("latency", [0.0, 0.3])
def test_no_state_lasts_longer_where_the_clock_is_put_back(latency: float) -> None:
    calls = Calls(Settings(latency=latency))
    calls.stream()
    calls.now += 1
    calls("RegisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="c")
    calls.stream("other")
    calls("DeleteStream", StreamName="other")
    calls.now -= HOUR

    assert calls("ListStreams")["StreamNames"] == ["tweets"]
    assert summary(calls)["StreamStatus"] == "ACTIVE"
    consumers = calls("ListStreamConsumers", StreamARN=arn("tweets"))["Consumers"]
    assert [consumer["ConsumerStatus"] for consumer in consumers] == ["ACTIVE"]
    calls.stream("other")


def test_a_consumer_whose_deletion_is_done_is_in_nobodys_way() -> None:
    calls = Calls(Settings(latency=0.5))
    calls.stream()
    calls.now += 1
    calls("RegisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="c")
    calls.now += 1
    calls("DeregisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="c")
    calls.now += 1

    assert summary(calls)["ConsumerCount"] == 0
    calls("DeleteStream", StreamName="tweets")


def test_streams_are_listed_page_by_page(calls: Calls) -> None:
    for name in ("c", "a", "b"):
        calls.stream(name)

    first = calls("ListStreams", Limit=2)
    second = calls("ListStreams", NextToken=first["NextToken"])

    assert (first["StreamNames"], first["HasMoreStreams"]) == (["a", "b"], True)
    assert (second["StreamNames"], second["HasMoreStreams"]) == (["c"], False)
    assert [it["StreamARN"] for it in second["StreamSummaries"]] == [arn("c")]
    assert calls("ListStreams", ExclusiveStartStreamName="b")["StreamNames"] == ["c"]
    for token in ("?", "é", "gA=="):
        assert calls.refused("ListStreams", NextToken=token)[0] == "InvalidArgumentException"


def test_a_stream_is_described_with_a_page_of_its_shards(calls: Calls) -> None:
    calls.stream(count=3)

    first = calls("DescribeStream", StreamName="tweets", Limit=2)["StreamDescription"]
    second = calls(
        "DescribeStream",
        StreamName="tweets",
        ExclusiveStartShardId=first["Shards"][-1]["ShardId"],
    )["StreamDescription"]

    assert (len(first["Shards"]), first["HasMoreShards"]) == (2, True)
    assert (len(second["Shards"]), second["HasMoreShards"]) == (1, False)


def test_a_stream_with_consumers_is_deleted_only_when_that_is_insisted_on(calls: Calls) -> None:
    calls.stream()
    calls("RegisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="reader")

    assert calls.refused("DeleteStream", StreamName="tweets")[0] == "ResourceInUseException"
    calls("DeleteStream", StreamName="tweets", EnforceConsumerDeletion=True)
    assert calls("ListStreams")["StreamNames"] == []


def test_retention_is_raised_and_lowered_within_its_limits(calls: Calls) -> None:
    calls.stream()
    increase, decrease = "IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"

    calls(increase, StreamName="tweets", RetentionPeriodHours=48)
    assert summary(calls)["RetentionPeriodHours"] == 48
    for operation, hours in ((increase, 25), (decrease, 49), (decrease, 23), (increase, 8761)):
        code, _ = calls.refused(operation, StreamName="tweets", RetentionPeriodHours=hours)
        assert code == "InvalidArgumentException", hours
    calls(decrease, StreamName="tweets", RetentionPeriodHours=24)
    assert summary(calls)["RetentionPeriodHours"] == 24


def test_encryption_is_told_wherever_aws_tells_it(calls: Calls) -> None:
    calls.stream()
    calls("StartStreamEncryption", StreamName="tweets", EncryptionType="KMS", KeyId=KEY_ID)

    put = calls("PutRecord", StreamName="tweets", Data=b"hi", PartitionKey="key")
    read = calls("GetRecords", ShardIterator=calls.iterator())

    assert (summary(calls)["EncryptionType"], summary(calls)["KeyId"]) == ("KMS", KEY_ID)
    assert put["EncryptionType"] == read["Records"][0]["EncryptionType"] == "KMS"
    calls("StopStreamEncryption", StreamName="tweets", EncryptionType="KMS", KeyId=KEY_ID)
    assert summary(calls)["EncryptionType"] == "NONE"


def test_a_key_that_can_be_none_is_refused(calls: Calls) -> None:
    calls.stream()

    code, _ = calls.refused(
        "StartStreamEncryption", StreamName="tweets", EncryptionType="KMS", KeyId="my key"
    )

    assert code == "InvalidArgumentException"


def test_metrics_of_shards_are_turned_on_and_off(calls: Calls) -> None:
    calls.stream()

    on = calls("EnableEnhancedMonitoring", StreamName="tweets", ShardLevelMetrics=["ALL"])
    off = calls(
        "DisableEnhancedMonitoring", StreamName="tweets", ShardLevelMetrics=["IncomingBytes"]
    )

    assert (on["CurrentShardLevelMetrics"], len(on["DesiredShardLevelMetrics"])) == ([], 7)
    assert off["CurrentShardLevelMetrics"] == on["DesiredShardLevelMetrics"]
    assert off["DesiredShardLevelMetrics"] == on["DesiredShardLevelMetrics"][1:]


def test_the_mode_is_switched_twice_a_day_at_most(calls: Calls) -> None:
    calls.stream()

    def switch(mode: str) -> None:
        calls("UpdateStreamMode", StreamARN=arn("tweets"), StreamModeDetails={"StreamMode": mode})

    switch("ON_DEMAND")
    assert calls("DescribeLimits")["OnDemandStreamCount"] == 1
    switch("PROVISIONED")
    code, _ = calls.refused(
        "UpdateStreamMode",
        StreamARN=arn("tweets"),
        StreamModeDetails={"StreamMode": "ON_DEMAND"},
    )
    assert code == "LimitExceededException"
    calls.now += DAY + 1
    switch("ON_DEMAND")


def test_an_account_has_no_more_shards_and_streams_than_it_may() -> None:
    calls = Calls(Settings(shard_limit=3, on_demand_limit=1))
    calls.stream(count=2)
    calls("CreateStream", StreamName="a")

    assert calls("DescribeLimits") == {
        "ShardLimit": 3,
        "OpenShardCount": 2,
        "OnDemandStreamCount": 1,
        "OnDemandStreamCountLimit": 1,
    }
    code, message = calls.refused("CreateStream", StreamName="b", ShardCount=2)
    assert code == "LimitExceededException"
    assert f"for the account {ACCOUNT} in us-east-1. Current shard count" in message
    assert calls.refused("CreateStream", StreamName="b")[0] == "LimitExceededException"


def test_settings_are_read_by_localstacks_names_for_them() -> None:
    environ = {"KINESIS_LATENCY": "250", "KINESIS_SHARD_LIMIT": "7", "HOME": "/"}

    settings = Settings.of(environ, lambda: 0.0)

    assert (settings.latency, settings.shard_limit, settings.on_demand_limit) == (0.25, 7, 50)
    assert Settings.of({}, lambda: 0.0).latency == 0


def test_the_largest_record_is_changed_later(calls: Calls) -> None:
    calls.stream()

    calls("UpdateMaxRecordSize", StreamARN=arn("tweets"), MaxRecordSizeInKiB=10240)

    assert summary(calls)["MaxRecordSizeInKiB"] == 10240


def test_only_a_stream_on_demand_distributes_records_by_itself(calls: Calls) -> None:
    calls.stream()
    calls("CreateStream", StreamName="even", RecordDistributionStrategy="AUTO")

    assert summary(calls, "even")["RecordDistributionStrategy"] == "AUTO"
    code, _ = calls.refused(
        "UpdateStreamRecordDistributionStrategy",
        StreamARN=arn("tweets"),
        RecordDistributionStrategy="AUTO",
    )
    assert code == "InvalidArgumentException"


def test_warm_throughput_and_the_accounts_settings_are_remembered(calls: Calls) -> None:
    calls("CreateStream", StreamName="tweets", WarmThroughputMiBps=10)
    throughput = {"TargetMiBps": 20, "CurrentMiBps": 20}
    assert summary(calls)["WarmThroughput"] == {"TargetMiBps": 10, "CurrentMiBps": 10}
    assert (
        calls("UpdateStreamWarmThroughput", StreamName="tweets", WarmThroughputMiBps=20)[
            "WarmThroughput"
        ]
        == throughput
    )
    commitment = {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}}
    calls("UpdateAccountSettings", **commitment)
    assert calls("DescribeAccountSettings") == commitment


def test_an_accounts_streams_are_forgotten_alone(calls: Calls) -> None:
    calls.stream()
    calls.account = OTHER_ACCOUNT
    calls.stream()

    calls.kinesis.forget(ACCOUNT)

    assert calls("ListStreams")["StreamNames"] == ["tweets"]
    calls.account = ACCOUNT
    assert calls("ListStreams")["StreamNames"] == []
