"""A mapping between a stream and a function: what AWS's does, and LocalStack's poller doesn't."""

from __future__ import annotations

import base64
import io
import json
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localstack_embedded import Account
from tests.waiting import wait_for

ROLE = "arn:aws:iam::000000000000:role/any"
SEEN = """
import base64, json, os, time

def handler(event, context):
    started = time.time()
    records = [base64.b64decode(each["kinesis"]["data"]).decode() for each in event["Records"]]
    time.sleep(sum(float(each[4:]) for each in records if each.startswith("nap ")))
    state = (event.get("state") or {}).get("count", 0) + len(records)
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(json.dumps(event | {"times": [started, time.time()]}) + "\\n")
    if "poison" in records:
        raise ValueError("poison")
    return {"state": {"count": state}, "batchItemFailures": []}
"""


@dataclass
class Stream:
    """A stream with a mapping of its own; the function is one for all tests."""

    account: Account
    seen: Path
    shards: int
    name: str = field(default_factory=lambda: f"s-{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.kinesis = self.account.client("kinesis")
        self.functions = self.account.client("lambda")
        self.kinesis.create_stream(StreamName=self.name, ShardCount=self.shards)
        summary = self.kinesis.describe_stream_summary(StreamName=self.name)
        self.arn: str = summary["StreamDescriptionSummary"]["StreamARN"]

    def map(self, *, source: str | None = None, **parameters: Any) -> str:
        """Read the stream into the function; returns the mapping's UUID."""
        created: dict[str, Any] = self.functions.create_event_source_mapping(
            FunctionName="seen",
            EventSourceArn=source or self.arn,
            **{"StartingPosition": "TRIM_HORIZON"} | parameters,
        )
        self.mapping = str(created["UUID"])
        self.wait_for_state("Enabled")
        return self.mapping

    def put(self, *texts: str, key: str = "key", shard: int | None = None) -> None:
        """Put records with this key, or into this one of the shards that were there first."""
        entry: dict[str, Any] = {"PartitionKey": key}
        if shard is not None:
            entry["ExplicitHashKey"] = str(shard * 2**128 // self.shards)
        self.kinesis.put_records(
            StreamName=self.name, Records=[{**entry, "Data": text.encode()} for text in texts]
        )

    def update(self, **parameters: Any) -> str:
        """Change the mapping; returns the state that the answer tells."""
        updated = self.functions.update_event_source_mapping(UUID=self.mapping, **parameters)
        return str(updated["State"])

    def wait_for_state(self, state: str) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            shown: dict[str, Any] = self.functions.get_event_source_mapping(UUID=self.mapping)
            return shown if shown["State"] == state else None

        found = wait_for(reached, f"the state {state}")
        assert found
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        """What the function has been invoked with for this stream, in order."""
        written = self.seen.read_text() if self.seen.exists() else ""
        lines = written[: written.rfind("\n") + 1].splitlines()  # the last one may not be whole yet
        events = [json.loads(line) for line in lines]
        return [
            event
            for event in events
            if any(each["eventSourceARN"].startswith(self.arn) for each in event["Records"])
            or event.get("eventSourceARN") == self.arn
        ]

    @property
    def texts(self) -> list[str]:
        return [text for event in self.events for text in texts_of(event)]

    def wait_for_texts(self, *texts: str) -> None:
        """Wait for each of these, once, in whatever order."""
        wait_for(lambda: len(self.texts) >= len(texts), "the records")
        assert Counter(self.texts) == Counter(texts)


def texts_of(event: dict[str, Any]) -> list[str]:
    return [base64.b64decode(each["kinesis"]["data"]).decode() for each in event["Records"]]


def numbered(prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{n:03}" for n in range(count)]


@pytest.fixture(scope="module")
def account(shared: Account) -> Account:
    """One that no other test has."""
    return shared.another()


@pytest.fixture(scope="module")
def seen(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file that the function writes its events to."""
    seen = tmp_path_factory.mktemp("function") / "seen"
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", SEEN)
    functions = account.client("lambda")
    functions.create_function(
        FunctionName="seen",
        Runtime="python3.13",
        Handler="app.handler",
        Role=ROLE,
        Timeout=60,
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"SEEN": str(seen)}},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="seen")
    yield seen
    functions.delete_function(FunctionName="seen")


MakeStream = Callable[..., Stream]


@pytest.fixture
def stream_of(account: Account, seen: Path) -> Iterator[MakeStream]:
    """Makes a stream of so many shards; its mapping ends with the test."""
    streams: list[Stream] = []

    def make(shards: int = 1) -> Stream:
        streams.append(Stream(account, seen, shards))
        return streams[-1]

    yield make
    for stream in streams:
        stream.functions.delete_event_source_mapping(UUID=stream.mapping)
        stream.kinesis.delete_stream(StreamName=stream.name, EnforceConsumerDeletion=True)


@pytest.fixture
def letters(account: Account) -> Iterator[Any]:
    """A queue for batches that are given up: its ARN, and what is in it."""
    queues = account.client("sqs")
    name = f"letters-{uuid.uuid4().hex[:8]}"
    url = queues.create_queue(QueueName=name)["QueueUrl"]

    def received() -> list[dict[str, Any]]:
        answer = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [json.loads(message["Body"]) for message in answer.get("Messages", ())]

    yield f"arn:aws:sqs:us-east-1:{account.id}:{name}", received
    queues.delete_queue(QueueUrl=url)


def test_a_poisoned_shard_holds_up_no_other(stream_of: MakeStream) -> None:
    stream = stream_of(shards=3)
    good = numbered("good", 40)
    stream.put("poison", "behind", shard=1)
    stream.put(*good[:20], shard=0)
    stream.put(*good[20:], shard=2)

    stream.map(BatchSize=1)

    wait_for(lambda: set(good) <= set(stream.texts), "the other shards' records")
    assert "behind" not in stream.texts
    assert stream.wait_for_state("Enabled")["BatchSize"] == 1


def test_bisecting_finds_the_record_that_fails(stream_of: MakeStream, letters: Any) -> None:
    queue, received = letters
    stream = stream_of()
    good = numbered("good", 9)
    stream.put(*good[:5], "poison", *good[5:])

    stream.map(
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )

    [letter] = wait_for(received, "the letter")
    assert letter["KinesisBatchInfo"]["batchSize"] == 1
    assert letter["KinesisBatchInfo"]["streamArn"] == stream.arn
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert letter["responseContext"]["functionError"] == "Unhandled"

    def done() -> list[str]:
        succeeded = [texts for texts in map(texts_of, stream.events) if "poison" not in texts]
        return [text for texts in succeeded for text in texts]

    wait_for(lambda: len(done()) >= len(good), "the good records")
    assert done() == good


def test_lanes_run_side_by_side_and_keep_each_keys_order(stream_of: MakeStream) -> None:
    stream = stream_of()
    keys = [f"key{n}" for n in range(20)]
    for key in keys:
        stream.put("nap 0.05", *numbered(key, 10), key=key)

    stream.map(ParallelizationFactor=10, BatchSize=11)

    wait_for(lambda: len(stream.texts) >= 11 * len(keys), "the records")
    for key in keys:
        assert [text for text in stream.texts if text.startswith(f"{key}-")] == numbered(key, 10)
    spans = [event["times"] for event in stream.events]
    assert any(start < begun < end for start, end in spans for begun, _ in spans)


def test_a_pause_neither_loses_nor_repeats_records(stream_of: MakeStream) -> None:
    stream = stream_of(shards=2)
    texts = numbered("r", 60)
    stream.map(StartingPosition="LATEST", BatchSize=7)
    for n, text in enumerate(texts[:20]):
        stream.put(text, shard=n % 2)

    stream.update(Enabled=False)
    stream.wait_for_state("Disabled")
    before = stream.texts
    for n, text in enumerate(texts[20:40]):
        stream.put(text, shard=n % 2)
    assert stream.texts == before
    stream.update(Enabled=True)
    stream.wait_for_state("Enabled")
    stream.update(BatchSize=3)
    for n, text in enumerate(texts[40:]):
        stream.put(text, shard=n % 2)

    stream.wait_for_texts(*texts)


def test_records_are_filtered_by_key_and_by_content(stream_of: MakeStream) -> None:
    stream = stream_of()
    wanted = '{"type" :  "buy"}'
    by_key = {"Pattern": json.dumps({"partitionKey": ["vip"]})}
    by_content = {"Pattern": json.dumps({"data": {"type": ["buy"]}})}
    stream.put("not JSON", wanted, '{"type": "sell"}', key="other")
    stream.put("anything", key="vip")

    stream.map(FilterCriteria={"Filters": [by_key, by_content]})

    stream.wait_for_texts(wanted, "anything")


def test_a_bucket_keeps_the_records_that_fail(account: Account, stream_of: MakeStream) -> None:
    objects = account.client("s3")
    bucket = f"letters-{uuid.uuid4().hex[:8]}"
    objects.create_bucket(Bucket=bucket)
    stream = stream_of()
    stream.put("poison", "with it")

    mapping = stream.map(
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )

    [listed] = wait_for(
        lambda: objects.list_objects_v2(Bucket=bucket).get("Contents"), "the object"
    )
    assert listed["Key"].startswith(f"aws/lambda/{mapping}/shardId-000000000000/20")
    kept = json.load(objects.get_object(Bucket=bucket, Key=listed["Key"])["Body"])
    assert texts_of(kept["payload"]) == ["poison", "with it"]
    assert kept["KinesisBatchInfo"]["batchSize"] == 2


def test_a_tumbling_window_carries_its_state_to_its_end(stream_of: MakeStream) -> None:
    stream = stream_of()
    stream.put(*numbered("r", 25))

    stream.map(TumblingWindowInSeconds=1, BatchSize=10)

    def finals() -> list[dict[str, Any]]:
        return [event for event in stream.events if event["isFinalInvokeForWindow"]]

    # All records of one call arrive at one moment, and so in one window.
    [final] = wait_for(finals, "the end of the window")
    assert final["state"] == {"count": 25}
    assert final["window"]["start"] < final["window"]["end"]
    assert [len(event["Records"]) for event in stream.events] == [10, 10, 5, 0]


def test_a_split_in_mid_run_loses_nothing_and_keeps_the_order(stream_of: MakeStream) -> None:
    stream = stream_of()
    texts = numbered("r", 90)
    stream.map(BatchSize=5)
    stream.put(*texts[:30])

    stream.kinesis.split_shard(
        StreamName=stream.name,
        ShardToSplit="shardId-000000000000",
        NewStartingHashKey=str(2**127),
    )
    stream.kinesis.get_waiter("stream_exists").wait(StreamName=stream.name)
    stream.put(*texts[30:60])
    first, second = stream.kinesis.list_shards(StreamName=stream.name)["Shards"][1:]
    stream.kinesis.merge_shards(
        StreamName=stream.name,
        ShardToMerge=first["ShardId"],
        AdjacentShardToMerge=second["ShardId"],
    )
    stream.kinesis.get_waiter("stream_exists").wait(StreamName=stream.name)
    stream.put(*texts[60:])

    stream.wait_for_texts(*texts)
    assert stream.texts == texts


def test_a_consumer_is_a_source(stream_of: MakeStream) -> None:
    stream = stream_of()
    consumer = stream.kinesis.register_stream_consumer(StreamARN=stream.arn, ConsumerName="fast")[
        "Consumer"
    ]["ConsumerARN"]
    stream.put("a")

    stream.map(source=consumer)

    stream.wait_for_texts("a")
    assert stream.events[0]["Records"][0]["eventSourceARN"] == consumer

    stream.kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    wait_for(
        lambda: (
            stream.wait_for_state("Enabled")["LastProcessingResult"]
            == "PROBLEM: Consumer not found"
        ),
        "word of the consumer that is gone",
    )


def test_an_invocation_counts_as_an_error_or_as_none(
    account: Account, stream_of: MakeStream
) -> None:
    stream = stream_of()
    stream.put("good")
    stream.map()
    stream.wait_for_texts("good")
    now = datetime.now(UTC)

    def samples(metric: str) -> float:
        found = account.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": "seen"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["SampleCount"],
        )
        return float(sum(point["SampleCount"] for point in found["Datapoints"]))

    wait_for(lambda: 0 < samples("Invocations") == samples("Errors"), "the metrics")


def test_a_consumer_must_be_there(stream_of: MakeStream) -> None:
    stream = stream_of()
    stream.map()
    with pytest.raises(stream.functions.exceptions.ClientError, match="Consumer not found"):
        stream.map(source=f"{stream.arn}/consumer/fast:1")


@pytest.mark.parametrize(
    "destination",
    ["sqs:us-east-1:{account}:nobody", "sns:us-east-1:{account}:nobody", "s3:::nobody-at-all"],
)
def test_a_destination_must_be_there(
    account: Account, stream_of: MakeStream, destination: str
) -> None:
    stream = stream_of()
    arn = "arn:aws:" + destination.format(account=account.id)
    missing: dict[str, Any] = {"DestinationConfig": {"OnFailure": {"Destination": arn}}}
    with pytest.raises(stream.functions.exceptions.ClientError, match="there is no such"):
        stream.map(**missing)
    stream.map()
    with pytest.raises(stream.functions.exceptions.ClientError, match="there is no such"):
        stream.update(**missing)


def test_a_mapping_can_be_changed_when_its_destination_is_gone(
    account: Account, stream_of: MakeStream
) -> None:
    stream = stream_of()
    queues = account.client("sqs")
    url = queues.create_queue(QueueName=stream.name)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    destination = arn["Attributes"]["QueueArn"]
    stream.map(DestinationConfig={"OnFailure": {"Destination": destination}})
    queues.delete_queue(QueueUrl=url)

    stream.update(BatchSize=7)

    assert stream.wait_for_state("Enabled")["BatchSize"] == 7


def test_an_update_tells_what_the_mapping_is_about_to_become(stream_of: MakeStream) -> None:
    stream = stream_of()
    stream.map()

    assert stream.update(BatchSize=7) == "Updating"
    stream.wait_for_state("Enabled")
    assert stream.update(BatchSize=8, Enabled=True) == "Updating"
    stream.wait_for_state("Enabled")
    assert stream.update(Enabled=False) == "Disabling"
    stream.wait_for_state("Disabled")
    assert stream.update(BatchSize=9, Enabled=False) == "Updating"
    stream.wait_for_state("Disabled")
    assert stream.update(Enabled=True) == "Enabling"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"ParallelizationFactor": 11}, "ValidationException.*parallelizationFactor"),
        ({"MaximumRecordAgeInSeconds": 30}, "InvalidParameterValueException.*at least 60"),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": '{"a": [{"numeric": ["?", 1]}]}'}]}},
            "InvalidParameterValueException.*Invalid filter pattern definition",
        ),
    ],
)
def test_what_aws_refuses_is_refused(
    stream_of: MakeStream, parameters: dict[str, Any], message: str
) -> None:
    stream = stream_of()
    stream.map()
    with pytest.raises(stream.functions.exceptions.ClientError, match=message):
        stream.update(**parameters)
