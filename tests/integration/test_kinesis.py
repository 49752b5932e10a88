"""Kinesis in the embedded LocalStack, by what AWS's SDKs send and read."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

import localstack_embedded
from localstack_embedded import DEFAULT_HOME, Instance
from tests.clients import aws_client
from tests.waiting import wait_for

SHARD = "shardId-000000000000"
CBOR = "application/x-amz-cbor-1.1"
TEMPLATE = """
Resources:
  Stream:
    Type: AWS::Kinesis::Stream
    Properties: {Name: %s, ShardCount: 2, StreamModeDetails: {StreamMode: PROVISIONED}}
  Consumer:
    Type: AWS::Kinesis::StreamConsumer
    Properties: {ConsumerName: reader, StreamARN: !GetAtt Stream.Arn}
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    home = tmp_path_factory.mktemp("localstack")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KINESIS_SHARD_LIMITS", "1")
        try:
            yield localstack_embedded.start(
                home,
                environment_home=DEFAULT_HOME,
                port=0,
                open_to_this_machine=sys.platform != "linux",
            )
        finally:
            localstack_embedded.stop(home)


@pytest.fixture
def kinesis(instance: Instance) -> Any:
    return aws_client(instance, "kinesis")


@pytest.fixture
def name(kinesis: Any) -> Iterator[str]:
    name = f"stream-{uuid.uuid4()}"
    kinesis.create_stream(StreamName=name, ShardCount=1, MaxRecordSizeInKiB=2048, Tags={"a": "b"})
    yield name
    kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


def test_what_this_localstack_knows_nothing_of_reaches_the_stream(kinesis: Any, name: str) -> None:
    described = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert described["MaxRecordSizeInKiB"] == 2048

    kinesis.update_max_record_size(StreamARN=described["StreamARN"], MaxRecordSizeInKiB=4096)

    described = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert described["MaxRecordSizeInKiB"] == 4096
    status = kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]["Status"]
    assert status == "DISABLED"


def test_times_are_exact_to_the_millisecond(kinesis: Any, name: str) -> None:
    for data in (b"a", b"b"):
        kinesis.put_record(StreamName=name, Data=data, PartitionKey="key")
    records = records_from(kinesis, name, ShardIteratorType="TRIM_HORIZON")
    arrived = [record["ApproximateArrivalTimestamp"] for record in records]

    for record, at in zip(records, arrived, strict=True):
        found = records_from(kinesis, name, ShardIteratorType="AT_TIMESTAMP", Timestamp=at)
        assert record in found
        assert found[0]["ApproximateArrivalTimestamp"] == at


def test_errors_are_the_ones_that_an_sdk_knows(kinesis: Any, name: str) -> None:
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.get_records(ShardIterator="nonsense")
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.describe_stream(StreamName=f"{name}-other")
    with pytest.raises(ClientError, match="ValidationException"):
        kinesis.create_stream(StreamName="a/b", ShardCount=1)


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("DescribeStream", b"{nonsense", b"SerializationException"),
        ("DescribeStream", b"[]", b"SerializationException"),
        ("DanceStream", b"{}", b"UnknownOperationException"),
    ],
)
@pytest.mark.usefixtures("name")
def test_what_cant_be_read_is_the_callers_fault(
    instance: Instance, operation: str, body: bytes, code: bytes
) -> None:
    with pytest.raises(HTTPError) as refused:
        call(instance, operation, body, "application/x-amz-json-1.1")

    with refused.value as answer:
        assert answer.code == 400
        assert code in answer.read()


def test_limits_are_kept_where_they_are_asked_for(kinesis: Any, name: str) -> None:
    records = [{"Data": bytes(10**6), "PartitionKey": "key"}] * 5

    answer = kinesis.put_records(StreamName=name, Records=records)

    refused = [record for record in answer["Records"] if "ErrorCode" in record]
    # One is accepted, and another one if a busy machine takes seconds between two.
    assert answer["FailedRecordCount"] == len(refused) >= 3
    assert {record["ErrorCode"] for record in refused} == {"ProvisionedThroughputExceededException"}
    assert f"Rate exceeded for shard {SHARD} in stream {name}" in refused[0]["ErrorMessage"]


def test_a_subscription_sends_records_to_the_shards_end(kinesis: Any, name: str) -> None:
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]
    subscription = kinesis.subscribe_to_shard(
        ConsumerARN=consumer["ConsumerARN"],
        ShardId=SHARD,
        StartingPosition={"Type": "TRIM_HORIZON"},
    )["EventStream"]

    with closing(subscription):
        events = iter(subscription)
        kinesis.put_record(StreamName=name, Data=b"first", PartitionKey="key")
        event = next_with(events, "Records")
        kinesis.split_shard(StreamName=name, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
        last = next_with(events, "ChildShards")
        following = next(events, None)

    assert [record["Data"] for record in event["Records"]] == [b"first"]
    assert [child["ParentShards"] for child in last["ChildShards"]] == [[SHARD], [SHARD]]
    assert following is None


def next_with(events: Iterator[Any], what: str) -> Any:
    # Where nothing happens for five seconds, an empty event comes.
    return next(event for it in events if (event := it["SubscribeToShardEvent"]).get(what))


def test_cloudwatch_is_told_what_was_put(instance: Instance, kinesis: Any, name: str) -> None:
    for _ in range(3):
        kinesis.put_record(StreamName=name, Data=b"", PartitionKey="key")
    cloudwatch = aws_client(instance, "cloudwatch")
    now = datetime.now(UTC)

    def put() -> float:
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/Kinesis",
            MetricName="IncomingRecords",
            Dimensions=[{"Name": "StreamName", "Value": name}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in found["Datapoints"]))

    wait_for(lambda: put() == 3, "the metrics")


def test_cbor_has_times_in_whole_milliseconds(instance: Instance, kinesis: Any, name: str) -> None:
    created = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    milliseconds = round(created["StreamCreationTimestamp"].timestamp() * 1000)

    # As AWS's SDK for Java has it: a map with one member.
    body = b"\xa1" + text("StreamName") + text(name)
    answer = call(instance, "DescribeStream", body, CBOR)

    # A tag for a time, and eight bytes of an integer.
    moment = b"\xc1\x1b" + milliseconds.to_bytes(8, "big")
    assert text("StreamCreationTimestamp") + moment in answer


def test_cloudformation_makes_and_deletes_a_stream_with_its_consumer(
    instance: Instance, kinesis: Any
) -> None:
    name = f"stack-{uuid.uuid4()}"
    cloudformation = aws_client(instance, "cloudformation")

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    cloudformation.create_stack(StackName=name, TemplateBody=TEMPLATE % name)
    wait_for(lambda: status() == "CREATE_COMPLETE", "the stack")
    described = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (described["OpenShardCount"], described["ConsumerCount"]) == (2, 1)

    cloudformation.delete_stack(StackName=name)
    wait_for(lambda: name not in kinesis.list_streams()["StreamNames"], "the stream's end")


def records_from(kinesis: Any, name: str, **start: Any) -> list[Any]:
    iterator = kinesis.get_shard_iterator(StreamName=name, ShardId=SHARD, **start)
    records: list[Any] = kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return records


def text(value: str) -> bytes:
    """A string in CBOR."""
    length = len(value)
    return (bytes([0x60 + length]) if length < 24 else bytes([0x78, length])) + value.encode()


def call(instance: Instance, operation: str, body: bytes, form: str) -> bytes:
    """What a call answers that no SDK for Python makes."""
    headers = {
        "Content-Type": form,
        "X-Amz-Target": f"Kinesis_20131202.{operation}",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request,"
        " SignedHeaders=host, Signature=0",
    }
    with urlopen(Request(instance.endpoint, body, headers)) as answer:
        assert answer.headers["Content-Type"] == form
        content: bytes = answer.read()
        return content
