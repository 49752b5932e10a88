"""What the template makes, and what it leaves behind: nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.unit.infra.reading import PARAMETERS, RESOURCES, TEXT, WHOLE, references
from tweetpipe.project import TEMPLATE

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
MAX_TEMPLATE_BODY = 51_200

UNTAGGABLE = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::AccessKey",
    "AWS::IAM::ManagedPolicy",
    "AWS::Kinesis::ResourcePolicy",
    "AWS::SQS::QueuePolicy",
}

# LocalStack's community edition has nothing that makes them.
SKIPPED_LOCALLY = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Dashboard",
    "AWS::Kinesis::ResourcePolicy",
}

ALARMS = [name for name, entry in RESOURCES.items() if entry["Type"] == "AWS::CloudWatch::Alarm"]
SUPPRESSIONS = [
    (name, skip)
    for name, resource in RESOURCES.items()
    for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
]


def test_the_template_is_small_enough_to_be_sent_as_text() -> None:
    assert len(TEXT.encode()) < MAX_TEMPLATE_BODY


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_is_tagged_where_it_can_be(name: str) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in RESOURCES[name]["Properties"].get("Tags", [])}
    expected = {"Application": "tweetpipe", "Stack": {"Ref": "AWS::StackName"}}
    assert tags == ({} if RESOURCES[name]["Type"] in UNTAGGABLE else expected)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_goes_with_its_stack(name: str) -> None:
    assert RESOURCES[name].get("DeletionPolicy", "Delete") == "Delete"
    assert RESOURCES[name].get("UpdateReplacePolicy", "Delete") == "Delete"


def test_nothing_that_emulators_have_refers_to_what_they_skip() -> None:
    skipped = {name for name, entry in RESOURCES.items() if entry["Type"] in SKIPPED_LOCALLY}
    rest = [entry for name, entry in RESOURCES.items() if name not in skipped]
    assert skipped
    assert not skipped & set(references([rest, WHOLE["Outputs"]]))


def test_localstack_can_update_the_stack() -> None:
    """It fails at lookups in mappings, and at GetAtt of what its condition leaves out.

    It spares what an If leaves out.
    """
    assert "Mappings" not in WHOLE
    for part in (*RESOURCES.values(), *WHOLE["Outputs"].values()):
        for name in set(references(_always_looked_up(part), functions=("GetAtt",))):
            assert "Condition" not in RESOURCES[name], name


def _always_looked_up(part: Any) -> Any:
    """The part without what an If under the very condition of a resource says of it."""
    match part:
        case {"If": [str(condition), {"GetAtt": str(path)}, other]}:
            if RESOURCES[path.split(".")[0]].get("Condition") == condition:
                return _always_looked_up(other)
    if isinstance(part, dict):
        return {key: _always_looked_up(value) for key, value in part.items()}
    return [*map(_always_looked_up, part)] if isinstance(part, list) else part


@pytest.mark.parametrize("name", ["EventStream", "EventData", "DeadLetters"])
def test_no_parameter_replaces_what_holds_tweets(name: str) -> None:
    """By the properties that CloudFormation can't change in place."""
    resource = RESOURCES[name]
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
    fixed = {path.split("/")[2] for path in schema["createOnlyProperties"]}
    said = [value for key, value in resource["Properties"].items() if key in fixed]

    assert not set(PARAMETERS) & set(references(said))


def test_the_mappings_stream_is_chosen_in_the_same_words_as_ever() -> None:
    """LocalStack compares words: in others it makes a second mapping of a stack that is there.

    It refuses that, and rolls the update back, which removes the first one.
    """
    # The account's number is that of LocalStack.
    on_aws = {"Not": [{"Equals": [{"Ref": "AWS::AccountId"}, "000000000000"]}]}
    assert RESOURCES["StreamToProcessor"]["Properties"]["EventSourceArn"] == {
        "If": ["ReadsByConsumer", {"Ref": "FanOutConsumer"}, {"GetAtt": "EventStream.Arn"}]
    }
    assert WHOLE["Conditions"]["ReadsByConsumer"] == {"And": [{"Condition": "FansOut"}, on_aws]}
    assert WHOLE["Conditions"]["FansOut"] == {"Equals": [{"Ref": "EnhancedFanOut"}, "true"]}


def test_drift_detection_can_look_at_all_types_but_those_that_the_documents_name() -> None:
    """By the registry: what has no handler that reads it can't be looked at."""
    kinds = {resource["Type"] for resource in RESOURCES.values()}
    schemas = {
        kind: PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind) for kind in kinds
    }

    assert {kind for kind in kinds if "read" not in schemas[kind].schema.get("handlers", {})} == {
        "AWS::IAM::AccessKey",
        "AWS::SQS::QueuePolicy",
    }


def test_there_is_an_alarm_for_each_way_to_fall_behind_or_to_fail() -> None:
    watched = {
        (entry["Namespace"], entry["MetricName"])
        for entry in (RESOURCES[name]["Properties"] for name in ALARMS)
    }
    assert watched == {
        ("AWS/Lambda", "IteratorAge"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/DynamoDB", "WriteThrottleEvents"),
        ("AWS/Kinesis", "WriteProvisionedThroughputExceeded"),
    }


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_to_do_and_writes_to_the_topic_when_there_is_one(name: str) -> None:
    alarm = RESOURCES[name]["Properties"]
    description = alarm["AlarmDescription"]
    text = description["Sub"] if isinstance(description, dict) else description
    assert re.search(r"tweetpipe (status|logs|dead-letters|plan)|[Dd]eploy with", text)
    for actions in (alarm["AlarmActions"], alarm["OKActions"]):
        assert actions == {"If": ["SendsEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_quiet_while_nothing_runs(name: str) -> None:
    assert RESOURCES[name]["Properties"]["TreatMissingData"] == "notBreaching"


def test_the_dashboard_is_valid_json_and_shows_what_the_alarms_watch() -> None:
    body = RESOURCES["PipelineDashboard"]["Properties"]["DashboardBody"]["Sub"]
    widgets = json.loads(re.sub(r"\$\{[^}]+\}", "x", body))["widgets"]
    assert {widget["properties"]["region"] for widget in widgets} == {"x"}
    for name in ALARMS:
        assert f'"{RESOURCES[name]["Properties"]["MetricName"]}"' in body


def test_the_key_encrypts_all_that_holds_tweets_or_secrets() -> None:
    key = {"Ref": "KmsKeyArn"}
    places = {
        "EventStream": RESOURCES["EventStream"]["Properties"]["StreamEncryption"]["KeyId"],
        "EventData": RESOURCES["EventData"]["Properties"]["SSESpecification"]["KMSMasterKeyId"],
        "DeadLetters": RESOURCES["DeadLetters"]["Properties"]["KmsMasterKeyId"],
        "ProducerSecret": RESOURCES["ProducerSecret"]["Properties"]["KmsKeyId"],
    }
    assert {name: place["If"][:2] for name, place in places.items()} == {
        name: ["HasKey", key] for name in places
    }


@pytest.mark.parametrize(("name", "skip"), SUPPRESSIONS)
def test_a_suppressed_finding_has_a_reason(name: str, skip: dict[str, str]) -> None:
    assert len(skip["comment"]) > 20, name


def test_the_stack_policy_keeps_the_stream_and_the_table() -> None:
    path = TEMPLATE.with_name("stack-policy.json")
    allow, deny = json.loads(path.read_text(encoding="utf-8"))["Statement"]
    kept = {entry.removeprefix("LogicalResourceId/") for entry in deny["Resource"]}
    assert (allow["Effect"], allow["Action"]) == ("Allow", "Update:*")
    assert (deny["Effect"], deny["Action"]) == ("Deny", ["Update:Replace", "Update:Delete"])
    assert {RESOURCES[name]["Type"] for name in kept} == {
        "AWS::DynamoDB::Table",
        "AWS::Kinesis::Stream",
    }
