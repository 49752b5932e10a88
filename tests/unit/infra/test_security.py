"""Each identity may do what it must, on what it must; secrets stay where they belong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.iam.tables import FUNCTION, PRODUCER
from tests.unit.infra.reading import DEFAULTS, RESOURCES, WHOLE, Statement, statements

ALL = list(statements())
BUCKET = "arn:${AWS::Partition}:s3:::${ExhaustedBucket}"
ON_ONE_RESOURCE = [statement for statement in ALL if statement.condition != "Traces"]


def actions(identity: str, condition: str | None) -> set[str]:
    """What the identity may do; what it may do only under a condition is told by that one."""
    return {
        action
        for statement in ALL
        if (statement.identity, statement.condition) == (identity, condition)
        for action in statement.actions
    }


def test_the_function_may_do_what_it_needs() -> None:
    assert actions("ProcessorRole", None) == FUNCTION


def test_the_producer_may_put_records_and_look_at_the_stream() -> None:
    assert actions("Producer", None) == PRODUCER


def test_the_policy_to_attach_allows_what_the_user_may_do_under_the_same_conditions() -> None:
    properties = RESOURCES["Producer"]["Properties"]
    inline, with_key = (entry.get("If", (None, entry))[1] for entry in properties["Policies"])
    [put, (_, key, _)] = [
        entry.get("If", entry)
        for entry in RESOURCES["ProducerPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert [put] == inline["PolicyDocument"]["Statement"]
    assert [key] == with_key["PolicyDocument"]["Statement"]


def test_there_is_a_user_with_key_and_secret_or_a_policy_to_attach() -> None:
    conditions = {name: entry.get("Condition") for name, entry in RESOURCES.items()}
    of_user = {name for name, condition in conditions.items() if condition == "HasUser"}
    assert of_user == {"Producer", "ProducerAccessKey", "ProducerSecret"}
    assert conditions["ProducerPolicy"] == "HasNoUser"
    assert WHOLE["Conditions"]["HasNoUser"] == {"Not": [{"Condition": "HasUser"}]}
    assert DEFAULTS["ProducerUser"] == "true"
    outputs = {name: entry.get("Condition") for name, entry in WHOLE["Outputs"].items()}
    assert {name for name, condition in outputs.items() if condition == "HasUser"} == {
        "AccessKeyId",
        "ClientSecretArn",
    }
    assert outputs["ProducerPolicyArn"] == "HasNoUser"


@pytest.mark.parametrize(
    ("identity", "condition", "expected"),
    [
        ("ProcessorRole", "FansOut", {"kinesis:SubscribeToShard"}),
        ("ProcessorRole", "HasKey", {"kms:Decrypt", "kms:GenerateDataKey"}),
        (
            "ProcessorRole",
            "KeepsExhausted",
            {"s3:PutObject", "s3:ListBucket", "kms:GenerateDataKey"},
        ),
        ("ProcessorRole", "Traces", {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}),
        ("Producer", "HasKey", {"kms:GenerateDataKey"}),
        ("ProducerPolicy", "HasKey", {"kms:GenerateDataKey"}),
    ],
)
def test_an_option_adds_only_what_it_needs(
    identity: str, condition: str, expected: set[str]
) -> None:
    assert actions(identity, condition) == expected


def test_there_are_no_other_identities_and_no_other_options() -> None:
    assert {(statement.identity, statement.condition) for statement in ALL} == {
        ("ProcessorRole", None),
        ("ProcessorRole", "FansOut"),
        ("ProcessorRole", "HasKey"),
        ("ProcessorRole", "KeepsExhausted"),
        ("ProcessorRole", "Traces"),
        ("Producer", None),
        ("Producer", "HasKey"),
        ("ProducerPolicy", None),
        ("ProducerPolicy", "HasKey"),
    }


@pytest.mark.parametrize("statement", ALL)
def test_no_action_has_a_wildcard(statement: Statement) -> None:
    assert "*" not in "".join(statement.actions)


@pytest.mark.parametrize("statement", ON_ONE_RESOURCE)
def test_a_statement_is_about_one_resource_of_the_stack(statement: Statement) -> None:
    [(function, name)] = statement.resource.items()
    services = {action.split(":")[0] for action in statement.actions}
    assert (function, name, services) in [
        ("GetAtt", "EventStream.Arn", {"kinesis"}),
        ("Ref", "FanOutConsumer", {"kinesis"}),
        ("GetAtt", "EventData.Arn", {"dynamodb"}),
        ("GetAtt", "DeadLetters.Arn", {"sqs"}),
        ("GetAtt", "ProcessorLogs.Arn", {"logs"}),
        ("Ref", "KmsKeyArn", {"kms"}),
        ("Sub", f"{BUCKET}/aws/lambda/*", {"s3"}),
        ("Sub", BUCKET, {"s3"}),
    ]


def test_the_key_is_used_through_the_services_of_the_stack_alone() -> None:
    for identity in ("ProcessorRole", "Producer"):
        [policy] = [
            entry["If"][1]
            for entry in RESOURCES[identity]["Properties"]["Policies"]
            if "If" in entry and entry["If"][0] == "HasKey"
        ]
        for entry in policy["PolicyDocument"]["Statement"]:
            statement = entry["If"][1] if "If" in entry else entry
            assert list(statement["Condition"]["StringEquals"]) == ["kms:ViaService"]


def test_only_lambda_takes_the_functions_role() -> None:
    document = RESOURCES["ProcessorRole"]["Properties"]["AssumeRolePolicyDocument"]
    [statement] = document["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_the_secret_key_is_in_secrets_manager_and_in_the_outputs_only_when_asked_for() -> None:
    holders = {name for name, part in RESOURCES.items() if holds_secret(part)}
    outputs = {name: part.get("Condition") for name, part in outputs_with_secret().items()}
    assert holders == {"ProducerSecret"}
    assert outputs == {"SecretAccessKey": "ShowSecret"}
    assert WHOLE["Conditions"]["ShowSecret"] == {
        "And": [{"Condition": "HasUser"}, {"Equals": [{"Ref": "SecretInOutputs"}, "true"]}]
    }
    assert DEFAULTS["SecretInOutputs"] == "false"


def outputs_with_secret() -> dict[str, dict[str, Any]]:
    return {name: part for name, part in WHOLE["Outputs"].items() if holds_secret(part)}


def holds_secret(part: object) -> bool:
    return "ProducerAccessKey.SecretAccessKey" in repr(part)


@pytest.mark.parametrize(
    ("service", "document"),
    [
        ("kinesis", RESOURCES["StreamPolicy"]["Properties"]["ResourcePolicy"]),
        ("dynamodb", RESOURCES["EventData"]["Properties"]["ResourcePolicy"]["PolicyDocument"]),
        ("sqs", RESOURCES["DeadLettersPolicy"]["Properties"]["PolicyDocument"]),
    ],
)
def test_what_holds_tweets_refuses_plain_http_and_nothing_else(
    service: str, document: dict[str, Any]
) -> None:
    [statement] = document["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert f"{service}:" in str(statement["Action"])


@pytest.mark.parametrize("name", ["ProcessorRole", "Producer"])
def test_every_identity_is_put_into_the_boundary(name: str) -> None:
    boundary = RESOURCES[name]["Properties"]["PermissionsBoundary"]
    assert boundary == {
        "If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]
    }
    assert DEFAULTS["PermissionsBoundary"] == ""
