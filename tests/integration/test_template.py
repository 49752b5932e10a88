"""The template with its defaults and with all else it offers: tweets flow in each case."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.stack_fixtures import Command, deployed_stack
from tests.unit.processor.events import encode, v1_tweet
from tests.waiting import wait_for
from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import parameters
from tweetpipe.looking.table import scan
from tweetpipe.project import TEMPLATE

EMAIL = "ops@example.com"
BOUNDARY = "arn:aws:iam::000000000000:policy/tweetpipe-boundary"
KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
BUCKET = "exhausted-batches"

VARIANTS: dict[str, dict[str, str]] = {
    "defaults": {},
    "provisioned and watched": {
        "ShardCount": "2",
        "RetentionHours": "48",
        "MaxRecordSizeKiB": "2048",
        "TableBilling": "PROVISIONED",
        "TableMinWriteUnits": "50",
        "TableMaxWriteUnits": "200",
        "TableMinReadUnits": "10",
        "TableMaxReadUnits": "20",
        "WarmWriteUnits": "8000",
        "Architecture": "x86_64",
        "MemorySize": "256",
        "Timeout": "30",
        "ReservedConcurrency": "4",
        "BatchSize": "50",
        "BatchWindowSeconds": "0",
        "ParallelizationFactor": "2",
        "MaximumRetryAttempts": "3",
        "MaximumRecordAgeSeconds": "3600",
        "EnhancedFanOut": "true",
        "LogLevel": "DEBUG",
        "LogRetentionDays": "1",
        "Alarms": "true",
        "AlarmEmail": EMAIL,
        "Dashboard": "true",
        "SecretInOutputs": "true",
        "PermissionsBoundary": BOUNDARY,
        "ProducerKeyVersion": "2",
    },
    "on demand, with a key and without a user": {
        "StreamMode": "ON_DEMAND",
        "RecordDistribution": "AUTO",
        "ExpireAfterDays": "30",
        "Runtime": "python3.14",
        "TableDeletionProtection": "true",
        "LogLevel": "WARNING",
        "LogFormat": "JSON",
        "Tracing": "true",
        "Alarms": "true",
        "DeadLetterAlarm": "false",
        "KmsKeyArn": KEY,
        "ProducerUser": "false",
        "ExhaustedBucket": BUCKET,
    },
}
HOLDERS = ("KinesisStream", "EventDataTable", "DeadLetterQueueUrl")
ALARMS = {"Behind", "Errors", "Throttles", "DeadLetters", "TableThrottles", "StreamThrottles"}


@pytest.fixture(scope="module")
def stack_of(place: Place) -> Iterator[Callable[[str], Stack]]:
    """The stack of a variant, deployed once in whatever order the tests come."""
    place.s3().create_bucket(Bucket=BUCKET)
    with ExitStack() as cleanup:
        yield cache(lambda name: cleanup.enter_context(deployed_stack(place, VARIANTS[name])))
    place.s3().delete_bucket(Bucket=BUCKET)


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest, stack_of: Callable[[str], Stack]) -> tuple[str, Stack]:
    """Each variant's name, and its stack."""
    return request.param, stack_of(request.param)


def test_the_variants_set_each_parameter_to_something_else_than_its_default() -> None:
    declared = parameters.read(TEMPLATE.read_text(encoding="utf-8"))["Parameters"]
    changed = {
        name
        for values in VARIANTS.values()
        for name, value in values.items()
        if value != str(declared[name]["Default"])
    }
    assert changed == set(declared) - set(events.chosen().parameters)


def test_tweets_flow_from_end_to_end(
    variant: tuple[str, Stack], tweetpipe_command: Command
) -> None:
    _, stack = variant
    fake = ("--stack", stack.name, "--seed", "61", "--count", "300")
    produced = tweetpipe_command("produce", *fake)
    verified = tweetpipe_command("verify", *fake)
    assert produced.returncode == 0, produced.stderr
    assert verified.returncode == 0, verified.stderr


def test_what_was_chosen_is_there(variant: tuple[str, Stack], place: Place) -> None:
    name, stack = variant
    values = VARIANTS[name]
    prefix = f"{stack.name}-"
    found = client(place, "cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    topics = {action for alarm in found for action in alarm["AlarmActions"] + alarm["OKActions"]}

    assert {alarm["AlarmName"].removeprefix(prefix) for alarm in found} == (
        ALARMS if "Alarms" in values else {"DeadLetters"}
    )
    assert len(topics) == ("AlarmEmail" in values)
    assert subscribers(place, topics) == ([EMAIL] if "AlarmEmail" in values else [])
    assert policies(place, stack) == {"process-events"} | {
        policy
        for parameter, policy in {
            "EnhancedFanOut": "read-by-consumer",
            "ExhaustedBucket": "keep-exhausted",
            "KmsKeyArn": "use-key",
            "Tracing": "send-traces",
        }.items()
        if parameter in values
    }
    assert ("SecretAccessKey" in stack.outputs) == ("SecretInOutputs" in values)
    signs_itself = "ProducerUser" in values
    assert ("AccessKeyId" in stack.outputs) is not signs_itself
    assert ("ClientSecretArn" in stack.outputs) is not signs_itself
    assert ("ProducerPolicyArn" in stack.outputs) is signs_itself


def test_the_function_logs_and_traces_as_chosen(variant: tuple[str, Stack], place: Place) -> None:
    name, stack = variant
    configuration = place.lambda_().get_function_configuration(
        FunctionName=stack.outputs["DDBEventProcessor"]
    )
    logging = configuration["LoggingConfig"]
    as_json = VARIANTS[name].get("LogFormat") == "JSON"
    group = f"/aws/lambda/{stack.outputs['DDBEventProcessor']}"
    assert logging["LogGroup"] == group
    assert logging["LogFormat"] == ("JSON" if as_json else "Text")
    assert logging.get("ApplicationLogLevel") == ("WARN" if as_json else None)
    assert configuration["TracingConfig"]["Mode"] == (
        "Active" if "Tracing" in VARIANTS[name] else "PassThrough"
    )


def test_the_table_is_billed_as_chosen(variant: tuple[str, Stack], place: Place) -> None:
    name, stack = variant
    table = place.dynamodb().describe_table(TableName=stack.outputs["EventDataTable"])["Table"]
    provisioned = table["ProvisionedThroughput"]
    units = provisioned["WriteCapacityUnits"], provisioned["ReadCapacityUnits"]
    assert units == ((50, 10) if "TableBilling" in VARIANTS[name] else (0, 0))


def test_the_stream_and_the_mapping_are_as_chosen(variant: tuple[str, Stack], place: Place) -> None:
    name, stack = variant
    summary: Any = place.kinesis().describe_stream_summary(
        StreamName=stack.outputs["KinesisStream"]
    )["StreamDescriptionSummary"]
    function = stack.outputs["DDBEventProcessor"]
    [mapping] = place.lambda_().list_event_source_mappings(FunctionName=function)[
        "EventSourceMappings"
    ]
    assert summary["MaxRecordSizeInKiB"] == int(VARIANTS[name].get("MaxRecordSizeKiB", 1024))
    assert (summary.get("RecordDistributionStrategy") == "AUTO") == (
        "RecordDistribution" in VARIANTS[name]
    )
    assert mapping["MetricsConfig"] == {"Metrics": ["EventCount"]}


def test_what_the_mapping_counts_is_shown_beside_what_the_function_does(
    variant: tuple[str, Stack], tweetpipe_command: Command
) -> None:
    _, stack = variant
    at = ("--stack", stack.name)
    produced = tweetpipe_command("produce", "fake", *at, "--seed", "61", "--count", "300")
    assert produced.returncode == 0, produced.stderr

    def counted() -> bool:
        shown = json.loads(tweetpipe_command("status", *at, "--json").stdout)
        mapping = shown["metrics"]["mapping"]
        return bool(mapping["polled"] and mapping["polled"] == mapping["invoked"] >= 300)

    wait_for(counted, "the records that the mapping counts")


def test_items_expire_as_chosen_and_their_readers_see_nothing_of_it(
    variant: tuple[str, Stack], place: Place, tweetpipe_command: Command
) -> None:
    name, stack = variant
    table = stack.outputs["EventDataTable"]
    fake = ("--stack", stack.name, "--seed", "61", "--count", "300")
    produced = tweetpipe_command("produce", *fake)
    verified = tweetpipe_command("verify", *fake)
    assert (produced.returncode, verified.returncode) == (0, 0), verified.stderr

    items = place.dynamodb().scan(TableName=table, Limit=20)["Items"]
    expiry = place.dynamodb().describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    expires = "ExpireAfterDays" in VARIANTS[name]

    assert (expiry["TimeToLiveStatus"] == "ENABLED") is expires
    assert {"ExpiresAt" in item for item in items} == {expires}
    left = [int(item["ExpiresAt"]["N"]) - time.time() for item in items if expires]
    assert all(29 * 24 * 3600 < seconds <= 30 * 24 * 3600 for seconds in left)


def test_a_large_record_is_stored_where_the_stream_takes_it(
    stack_of: Callable[[str], Stack], place: Place, tweetpipe_command: Command, tmp_path: Path
) -> None:
    stack = stack_of("provisioned and watched")
    large = encode({**v1_tweet(4712), "entities": "x" * 3 * 2**19})
    (tmp_path / "large.ndjson").write_bytes(large + b"\n")

    produced = tweetpipe_command("produce", "file", "large.ndjson", "--stack", stack.name)

    assert produced.returncode == 0, produced.stderr
    _wait_and_remove(place, stack, "4712")


def test_records_without_a_key_are_stored_where_the_stream_needs_none(
    stack_of: Callable[[str], Stack], place: Place
) -> None:
    stack = stack_of("on demand, with a key and without a user")
    put: Any = place.kinesis().put_record
    put(StreamName=stack.outputs["KinesisStream"], Data=encode(v1_tweet(4711)))

    _wait_and_remove(place, stack, "4711")


def _wait_and_remove(place: Place, stack: Stack, identifier: str) -> None:
    """Waits until a tweet is stored, and removes it: others look at all that is in the table."""
    table = stack.outputs["EventDataTable"]

    def found() -> dict[str, str] | None:
        return next((item for item in scan(place, table) if item["Id"] == identifier), None)

    item = wait_for(found, f"the tweet {identifier}")
    assert item is not None
    key = {"Username": {"S": item["Username"]}, "Id": {"S": identifier}}
    place.dynamodb().delete_item(TableName=table, Key=key)


def test_aggregated_records_are_refused_where_the_stream_ignores_their_keys(
    stack_of: Callable[[str], Stack], tweetpipe_command: Command
) -> None:
    stack = stack_of("on demand, with a key and without a user")

    refused = tweetpipe_command("produce", "fake", "--stack", stack.name, "--aggregate")

    assert refused.returncode == 2
    assert "RecordDistribution=AUTO" in refused.stderr


def test_destroy_removes_all_that_was_chosen(place: Place) -> None:
    with deployed_stack(place, VARIANTS["provisioned and watched"]) as stack:
        described = place.cloudformation().describe_stack_resources(StackName=stack.name)
        resources = described["StackResources"]
        names = {entry.get("PhysicalResourceId", "") for entry in resources}
        assert is_among_topics(place, names)
    assert not client(place, "cloudwatch").describe_alarms(AlarmNamePrefix=stack.name)[
        "MetricAlarms"
    ]
    assert not is_among_topics(place, names)
    assert stack.outputs["KinesisStream"] not in place.kinesis().list_streams()["StreamNames"]


def test_options_are_switched_on_and_off_while_tweets_flow(
    place: Place, new_stack: Callable[[], Stack], tweetpipe_command: Command
) -> None:
    stack = new_stack()
    for seed, values in enumerate(
        [
            {"Alarms": "true", "AlarmEmail": EMAIL, "EnhancedFanOut": "true", "LogFormat": "JSON"},
            {
                "Tracing": "true",
                "KmsKeyArn": KEY,
                "ReservedConcurrency": "4",
                "StreamMode": "ON_DEMAND",
                "RecordDistribution": "AUTO",
                "TableBilling": "PROVISIONED",
                "ProducerUser": "false",
                "ExpireAfterDays": "1",
                "WarmWriteUnits": "5000",
                "MaxRecordSizeKiB": "4096",
                "Runtime": "python3.14",
            },
            {
                "Alarms": "false",
                "AlarmEmail": "",
                "DeadLetterAlarm": "false",
                "EnhancedFanOut": "false",
                "LogFormat": "Text",
                "StreamMode": "PROVISIONED",
                "RecordDistribution": "PARTITION_KEY",
                "TableBilling": "PAY_PER_REQUEST",
                "ProducerUser": "true",
                "ExpireAfterDays": "0",
                "WarmWriteUnits": "0",
                "MaxRecordSizeKiB": "1024",
            },
        ]
    ):
        options = [f"--parameter={name}={value}" for name, value in values.items()]
        changed = tweetpipe_command("deploy", "--stack", stack.name, *options)
        assert changed.returncode == 0, changed.stderr
        fake = ("--stack", stack.name, "--seed", str(seed), "--count", "50")
        produced = tweetpipe_command("produce", *fake)
        verified = tweetpipe_command("verify", *fake, "--allow-others")
        assert (produced.returncode, verified.returncode) == (0, 0), verified.stderr
    after = stacks.get(place, stack.name).outputs
    assert {name: after[name] for name in HOLDERS} == {n: stack.outputs[n] for n in HOLDERS}
    for seed in range(3):
        # What came first is still there: nothing was made anew.
        kept = tweetpipe_command(
            "verify", "--stack", stack.name, f"--seed={seed}", "--count=50", "--allow-others"
        )
        assert kept.returncode == 0, kept.stderr
    assert not client(place, "cloudwatch").describe_alarms(AlarmNamePrefix=stack.name)[
        "MetricAlarms"
    ]


def test_values_that_do_not_go_together_are_refused_before_anything_happens(
    deployed: Stack, tweetpipe_command: Command
) -> None:
    outcome = tweetpipe_command(
        "deploy", "--stack", deployed.name, "--parameter", "RecordDistribution=AUTO"
    )
    assert outcome.returncode == 2
    assert "RecordDistribution=AUTO needs StreamMode=ON_DEMAND" in outcome.stderr


def is_among_topics(place: Place, names: set[str]) -> bool:
    topics = client(place, "sns").list_topics()["Topics"]
    return any(topic["TopicArn"] in names for topic in topics)


def subscribers(place: Place, topics: set[str]) -> list[str]:
    sns = client(place, "sns")
    return [
        subscription["Endpoint"]
        for topic in topics
        for subscription in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    ]


def policies(place: Place, stack: Stack) -> set[str]:
    """The names of the function's policies."""
    function = stack.outputs["DDBEventProcessor"]
    role = place.lambda_().get_function_configuration(FunctionName=function)["Role"]
    answer = client(place, "iam").list_role_policies(RoleName=role.rsplit("/")[-1])
    return set(answer["PolicyNames"])


def client(place: Place, service: Any) -> Any:
    """A client for what tweetpipe itself doesn't use."""
    return boto3.client(
        service,
        endpoint_url=place.endpoint,
        region_name=place.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
