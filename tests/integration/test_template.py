"""The template with its defaults and with all else it offers: tweets flow in each case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import boto3
import pytest

from tests.stack_fixtures import Command, deployed_stack
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import parameters
from tweetpipe.project import TEMPLATE

EMAIL = "ops@example.com"
BOUNDARY = "arn:aws:iam::000000000000:policy/tweetpipe-boundary"
KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"

VARIANTS: dict[str, dict[str, str]] = {
    "defaults": {},
    "provisioned and watched": {
        "ShardCount": "2",
        "RetentionHours": "48",
        "TableBilling": "PROVISIONED",
        "TableMinWriteUnits": "50",
        "TableMaxWriteUnits": "200",
        "TableMinReadUnits": "10",
        "TableMaxReadUnits": "20",
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
    },
    "on demand and with a key": {
        "StreamMode": "ON_DEMAND",
        "TableDeletionProtection": "true",
        "LogLevel": "WARNING",
        "LogFormat": "JSON",
        "Tracing": "true",
        "Alarms": "true",
        "KmsKeyArn": KEY,
        "ProducerKeyVersion": "2",
    },
}
ALARMS = {"Behind", "Errors", "Throttles", "DeadLetters", "TableThrottles", "StreamThrottles"}


@pytest.fixture(scope="module")
def stack_of(place: Place) -> Iterator[Callable[[str], Stack]]:
    """The stack of a variant, deployed once in whatever order the tests come."""
    with ExitStack() as cleanup:
        yield cache(lambda name: cleanup.enter_context(deployed_stack(place, VARIANTS[name])))


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
    assert changed == set(declared)


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
        ALARMS if "Alarms" in values else set()
    )
    assert len(topics) == ("AlarmEmail" in values)
    assert subscribers(place, topics) == ([EMAIL] if "AlarmEmail" in values else [])
    assert policies(place, stack) == {"process-events"} | {
        policy
        for parameter, policy in {
            "EnhancedFanOut": "read-by-consumer",
            "KmsKeyArn": "use-key",
            "Tracing": "send-traces",
        }.items()
        if parameter in values
    }
    assert ("SecretAccessKey" in stack.outputs) == ("SecretInOutputs" in values)


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
            {"Tracing": "true", "KmsKeyArn": KEY, "ReservedConcurrency": "4"},
            {"Alarms": "false", "AlarmEmail": "", "EnhancedFanOut": "false", "LogFormat": "Text"},
        ]
    ):
        options = [f"--parameter={name}={value}" for name, value in values.items()]
        changed = tweetpipe_command("deploy", "--stack", stack.name, *options)
        assert changed.returncode == 0, changed.stderr
        fake = ("--stack", stack.name, "--seed", str(seed), "--count", "50")
        produced = tweetpipe_command("produce", *fake)
        verified = tweetpipe_command("verify", *fake, "--allow-others")
        assert (produced.returncode, verified.returncode) == (0, 0), verified.stderr
    assert not client(place, "cloudwatch").describe_alarms(AlarmNamePrefix=stack.name)[
        "MetricAlarms"
    ]


def test_values_that_do_not_go_together_are_refused_before_anything_happens(
    deployed: Stack, tweetpipe_command: Command
) -> None:
    outcome = tweetpipe_command(
        "deploy", "--stack", deployed.name, "--parameter", f"AlarmEmail={EMAIL}"
    )
    assert outcome.returncode == 2
    assert "AlarmEmail needs Alarms=true" in outcome.stderr


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
