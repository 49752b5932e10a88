"""What the embedded LocalStack keeps with `keep`, through `stop` and through kill -9."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import localstack_embedded
from localstack_embedded import DEFAULT_HOME, Account, Instance, KeptStateError
from localstack_embedded.plugin.keeping.folder import Folder
from tests.commands import environment_for, run_here
from tests.other_user import answer_to_another_user
from tests.stack_fixtures import PARAMETERS, deploy_quietly
from tests.waiting import wait_for
from tweetpipe.aws.place import local_place
from tweetpipe.aws.stack import find

# Each starts LocalStack several times, which takes long on a busy machine.
pytestmark = pytest.mark.timeout(900)


class Kept:
    """A home whose LocalStack is started and ended again and again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.said: list[str] = []

    def up(self, *, keep: bool = True) -> Account:
        localstack_embedded.start(
            self.home, environment_home=DEFAULT_HOME, port=0, keep=keep, on_step=self.said.append
        )
        return Account(self.home)

    def down(self) -> None:
        localstack_embedded.stop(self.home, on_step=self.said.append)

    def kill(self) -> None:
        instance = localstack_embedded.find(self.home)
        assert isinstance(instance, Instance)
        os.kill(instance.pid, signal.SIGKILL)
        wait_for(lambda: not localstack_embedded.find(self.home), "LocalStack's end")


@pytest.fixture
def kept(tmp_path: Path) -> Any:
    made = Kept(tmp_path / "home")
    yield made
    with suppress(KeptStateError):
        made.down()


TABLE = {
    "TableName": "table",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
}


def fill(account: Account) -> None:
    """Make something in many services."""
    sqs, s3, dynamodb = (account.client(name) for name in ("sqs", "s3", "dynamodb"))
    for name, more in (
        ("q", {}),
        ("q.fifo", {"MessageGroupId": "g", "MessageDeduplicationId": "d"}),
    ):
        attributes = {"FifoQueue": "true"} if more else {}
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=f"in {name}", **more)
    bucket = f"bucket-{account.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for content in (b"old", b"new" * 300_000):
        s3.put_object(Bucket=bucket, Key="key", Body=content)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/key")
    dynamodb.create_table(**TABLE)
    dynamodb.put_item(TableName="table", Item={"k": {"S": "a"}, "b": {"B": b"\0"}})
    account.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    account.client("secretsmanager").create_secret(Name="s", SecretString="secret")
    account.client("sns").create_topic(Name="topic")
    account.client("iam").create_user(UserName="user")
    account.client("logs").create_log_group(logGroupName="group")
    kinesis = account.client("kinesis")
    kinesis.create_stream(StreamName="stream", ShardCount=2)
    kinesis.put_record(StreamName="stream", Data=b"record", PartitionKey="k")
    kinesis.add_tags_to_stream(StreamName="stream", Tags={"a": "b"})


def held(account: Account) -> dict[str, Any]:
    """What is there of it."""
    s3, dynamodb, kinesis = (account.client(name) for name in ("s3", "dynamodb", "kinesis"))
    bucket = f"bucket-{account.id}"
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    streams = account.client("dynamodbstreams")
    arn = dynamodb.describe_table(TableName="table")["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    changes = streams.get_records(ShardIterator=iterator)["Records"]
    return {
        "objects": sorted(
            (
                each["Key"],
                each["VersionId"],
                each["ETag"],
                s3.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])[
                    "Body"
                ].read(),
            )
            for each in versions
        ),
        "items": dynamodb.scan(TableName="table")["Items"],
        "changes": [each["dynamodb"] for each in changes],
        "parameter": account.client("ssm").get_parameter(Name="/p")["Parameter"],
        "secret": account.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"],
        "topics": account.client("sns").list_topics()["Topics"],
        "users": account.client("iam").list_users()["Users"],
        "groups": account.client("logs").describe_log_groups()["logGroups"],
        "shards": kinesis.list_shards(StreamName="stream")["Shards"],
        "tags": kinesis.list_tags_for_stream(StreamName="stream")["Tags"],
        "records": [
            record["Data"] for shard in (0, 1) for record in records_of(kinesis, "stream", shard)
        ],
    }


def records_of(kinesis: Any, stream: str, shard: int) -> list[dict[str, Any]]:
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=f"shardId-{shard:012d}", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records: list[dict[str, Any]] = kinesis.get_records(ShardIterator=iterator)["Records"]
    return records


def signed_by(key: str) -> str:
    """A request that lists queues with this access key."""
    scope = "20261126/us-east-1/sqs/aws4_request"
    signature = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=x, Signature=0"
    lines = [
        "GET /?Action=ListQueues&Version=2012-11-05 HTTP/1.1",
        "Host: localhost",
        f"Authorization: {signature}",
        "Connection: close",
    ]
    return "\r\n".join(lines) + "\r\n\r\n"


def received(account: Account) -> list[str]:
    """The messages that are in the queues."""
    sqs = account.client("sqs")
    answers = [sqs.receive_message(QueueUrl=url) for url in sorted(sqs.list_queues()["QueueUrls"])]
    return [message["Body"] for answer in answers for message in answer.get("Messages", [])]


@pytest.mark.slow
def test_the_services_of_all_accounts_are_there_again(kept: Kept) -> None:
    account = kept.up()
    other = account.another()
    for each in (account, other):
        fill(each)
    before = [held(account), held(other)]
    issued = account.client("iam").create_access_key(UserName="user")["AccessKey"]["AccessKeyId"]
    dynamodb = account.client("dynamodb")
    dynamodb.create_table(**TABLE | {"TableName": "expiring"})
    dynamodb.update_time_to_live(
        TableName="expiring", TimeToLiveSpecification={"Enabled": True, "AttributeName": "at"}
    )
    kept.down()
    assert f"The state is saved in {kept.home / 'kept'}." in kept.said[-1]

    account = kept.up()
    if sys.platform == "linux" and os.geteuid() == 0:
        answer = answer_to_another_user(signed_by(issued), "127.0.0.1", account.instance.port)
        assert answer.startswith("HTTP/1.1 200 ")
    assert [held(account), held(other)] == before
    assert [received(account), received(other)] == [["in q", "in q.fifo"]] * 2

    dynamodb = account.client("dynamodb")
    item = {"k": {"S": "old"}, "at": {"N": str(int(time.time()) - 60)}}
    dynamodb.put_item(TableName="expiring", Item=item)
    wait_for(lambda: dynamodb.scan(TableName="expiring")["Count"] == 0, "the item's end")
    dynamodb.delete_table(TableName="expiring")

    # What was reset is gone, whether it was used since or not; and only of that account.
    localstack_embedded.reset(kept.home, account=other.id)
    kept.down()
    kept.up()
    assert held(account) == before[0]
    assert other.client("dynamodb").list_tables()["TableNames"] == []
    assert other.client("iam").list_users()["Users"] == []
    kept.down()

    # Without `keep`, it is left alone.
    account = kept.up(keep=False)
    assert any("This LocalStack starts empty" in said for said in kept.said)
    assert account.client("dynamodb").list_tables()["TableNames"] == []
    kept.down()
    assert held(kept.up()) == before[0]
    objects = kept.home / "kept" / "objects"
    assert [*objects.glob("*/*")]
    localstack_embedded.reset(kept.home)
    kept.down()
    assert not [*objects.glob("*/*")]


SEEN = """
import base64, json, os, time
def handler(event, context):
    time.sleep(0.05)
    with open(os.environ["SEEN"], "a") as file:
        for record in event["Records"]:
            file.write(base64.b64decode(record["kinesis"]["data"]).decode() + "\\n")
"""


@pytest.mark.slow
def test_a_mapping_goes_on_at_its_checkpoint(kept: Kept, tmp_path: Path) -> None:
    account, seen = kept.up(), tmp_path / "seen"
    seen.touch()
    arn = make_reader(account, seen)
    functions = account.client("lambda")
    mapping = functions.create_event_source_mapping(
        FunctionName="seen",
        EventSourceArn=arn,
        StartingPosition="TRIM_HORIZON",
        BatchSize=10,
        ParallelizationFactor=2,
    )["UUID"]

    def read() -> list[str]:
        return seen.read_text().split()

    def switch(account: Account, state: str) -> None:
        functions = account.client("lambda")
        functions.update_event_source_mapping(UUID=mapping, Enabled=state == "Enabled")
        wait_for(
            lambda: functions.get_event_source_mapping(UUID=mapping)["State"] == state,
            f"the state {state}",
        )

    put(account, range(300))
    wait_for(lambda: len(read()) >= 50, "the first records")
    switch(account, "Disabled")
    in_the_middle = len(read())
    assert in_the_middle < 300
    kept.down()
    account = kept.up()
    put(account, range(300, 400))
    switch(account, "Enabled")
    wait_for(lambda: len(read()) >= 400, "the other records")
    assert sorted(map(int, read())) == list(range(400))

    # Running, too, through an end in good order and one without a last word.
    put(account, range(400, 600))
    wait_for(lambda: len(read()) >= 450, "some records")
    kept.down()
    account = kept.up()
    put(account, range(600, 800))
    wait_for(lambda: len(set(read())) >= 650, "some records more")
    time.sleep(SAFE_AFTER)
    kept.kill()
    kept.up()
    wait_for(lambda: len(set(read())) == 800, "all records")
    assert Counter(read()).most_common(1)[0][1] <= 3


SAFE_AFTER = 7.0  # seconds after which what was put outlasts the process: one, and a stall


def make_reader(account: Account, seen: Path) -> str:
    """Make a function that writes down what it reads, and a stream, whose ARN is returned."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", SEEN)
    functions, kinesis = account.client("lambda"), account.client("kinesis")
    functions.create_function(
        FunctionName="seen",
        Runtime="python3.13",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/any",
        Timeout=60,
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"SEEN": str(seen)}},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="seen")
    kinesis.create_stream(StreamName="numbers", ShardCount=2)
    described = kinesis.describe_stream(StreamName="numbers")
    return str(described["StreamDescription"]["StreamARN"])


def put(account: Account, numbers: range) -> None:
    """Put these into the stream."""
    records = [{"Data": str(number).encode(), "PartitionKey": str(number)} for number in numbers]
    answer = account.client("kinesis").put_records(StreamName="numbers", Records=records)
    assert answer["FailedRecordCount"] == 0


@pytest.mark.slow
def test_a_pipeline_outlasts_its_emulator(kept: Kept, tmp_path: Path) -> None:
    account = kept.up()

    def run(*arguments: str) -> str:
        outcome = run_here(
            *arguments, folder=tmp_path, environment=environment_for(account.instance.endpoint)
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout + outcome.stderr

    place = local_place(embedded_endpoint=account.instance.endpoint, environ={})
    stack = deploy_quietly(place, "kept", PARAMETERS)
    run("produce", "fake", "--stack", "kept", "--count", "700", "--seed", "1")
    kept.down()

    account = kept.up()
    place = local_place(embedded_endpoint=account.instance.endpoint, environ={})
    assert find(place, "kept") == stack
    assert "up to date" in run("deploy", "--stack", "kept")
    # The first half of these are the same.
    run("produce", "fake", "--stack", "kept", "--count", "1400", "--seed", "1")
    time.sleep(SAFE_AFTER)
    kept.kill()

    account = kept.up()
    # A busy machine takes its time to prepare the function again.
    run("verify", "fake", "--stack", "kept", "--count", "1400", "--seed", "1", "--wait", "300")
    run("status", "--stack", "kept")
    run("deploy", "--stack", "kept", "--parameter", "BatchSize=100", "--yes")
    run("destroy", "--stack", "kept", "--yes")
    assert account.client("kinesis").list_streams()["StreamNames"] == []
    assert account.client("dynamodb").list_tables()["TableNames"] == []
    assert account.client("lambda").list_functions()["Functions"] == []


def test_what_can_not_be_used_is_refused_and_left_alone(kept: Kept) -> None:
    path = kept.home / "kept"
    # Of a service that nobody asks for, too: what isn't given back at the start could be lost.
    folder = Folder(path, {"LocalStack": "4.9.2", "format": 1})
    folder.write({"moto.none.models:none_backends": b""}, gone=(), note=None)
    folder.close()
    for content in ((path / "manifest.json").read_text(), "something else"):
        (path / "manifest.json").write_text(content)
        with pytest.raises(KeptStateError, match=r"(?s)can't be used: .*\nTo delete it"):
            kept.up()
        assert (path / "manifest.json").read_text() == content
        assert localstack_embedded.find(kept.home) is None
