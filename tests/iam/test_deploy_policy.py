"""infra/deploy-policy.json gives what deploying needs, on names with the stack's prefix alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import botocore.session
import pytest

from tests.iam import deployment, template
from tests.iam.identities import Identity
from tweetpipe.project import ROOT

POLICY = ROOT / "infra" / "deploy-policy.json"
DOCUMENT: dict[str, Any] = json.loads(POLICY.read_text(encoding="utf-8"))
NEEDS = {
    f"{action} on {need.resource}": (action, need.resource)
    for need in deployment.all_needs()
    for action in sorted(need.actions)
}


def test_it_fits_into_a_managed_policy() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    assert len(json.dumps(DOCUMENT, separators=(",", ":"))) <= 6144


def test_every_type_of_the_template_has_its_needs_listed() -> None:
    types = {resource["Type"] for resource in template.whole()["Resources"].values()}

    assert types <= deployment.BY_TYPE.keys()


@pytest.mark.parametrize("stack", ["tweets", "tweets-dev"])
def test_it_allows_what_deploying_and_using_such_a_stack_needs(admin: Identity, stack: str) -> None:
    refused = [
        f"{action} on {resource}"
        for action, resource in NEEDS.values()
        if not _allows(admin, DOCUMENT, action, resource.format(stack=stack))
    ]

    assert not refused


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_it_allows_the_same_in_china_and_in_govcloud(admin: Identity, partition: str) -> None:
    refused = [
        f"{action} on {resource}"
        for action, resource in NEEDS.values()
        if not _allows(admin, DOCUMENT, action, _in_partition(partition, resource))
    ]

    assert not refused


@pytest.mark.parametrize("name", ["deploy-policy.json", "permissions-boundary.json"])
def test_no_arn_names_a_partition_or_a_service_by_a_pattern(name: str) -> None:
    """IAM takes a pattern for each part of an ARN but the service."""
    arns = re.findall(r'"arn:([^:"]*):([^:"]*):', (ROOT / "infra" / name).read_text())

    assert arns
    assert {partition for partition, _ in arns} == {"*"}
    assert all(service.isalnum() for _, service in arns)


def test_it_allows_nothing_on_a_stack_of_another_name(admin: Identity) -> None:
    allowed = [
        f"{action} on {resource}"
        for action, resource in NEEDS.values()
        if "{stack}" in resource and _allows(admin, DOCUMENT, action, resource.format(stack="pay"))
    ]

    assert not allowed


def test_it_allows_what_no_name_can_narrow() -> None:
    """Its own evaluation of policies takes no condition keys; test_boundary.py has those of IAM."""
    granted = {action for _, action in _granted()}

    assert deployment.CONDITIONAL.keys() | deployment.READS_OF_ALL <= granted


def test_it_allows_nothing_that_is_not_needed() -> None:
    needed = {action for action, _ in NEEDS.values()}
    needed |= deployment.CONDITIONAL.keys() | deployment.READS_OF_ALL

    idle = [
        action for _, action in _granted() if not any(fnmatchcase(need, action) for need in needed)
    ]

    assert not idle


def test_a_pattern_grants_reading_or_what_is_needed_and_only_on_named_resources() -> None:
    needed = {action for action, _ in NEEDS.values()} | {"lambda:GetFunctionConcurrency"}
    patterns = [
        (statement, action) for statement, action in _granted() if "*" in action or "?" in action
    ]

    assert patterns
    for statement, pattern in patterns:
        assert "tweets-" in str(statement["Resource"])
        if pattern.split(":")[1] not in ("Describe*", "Get*", "List*"):
            assert {action for action in _actions() if fnmatchcase(action, pattern)} <= needed


def test_what_is_allowed_on_everything_only_reads_or_has_a_condition() -> None:
    for statement, action in _granted():
        narrowed = action in deployment.CONDITIONAL
        if narrowed or (statement["Resource"] == "*" and action not in deployment.READS_OF_ALL):
            condition = {name: set(keys) for name, keys in statement["Condition"].items()}
            assert condition == deployment.CONDITIONAL[action]


@pytest.mark.parametrize(
    "action",
    [
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreateLoginProfile",
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "sts:AssumeRole",
        "s3:ListAllMyBuckets",
        "s3:PutBucketPolicy",
        "kinesis:PutRecords",
        "dynamodb:PutItem",
        "dynamodb:DeleteItem",
        "sqs:PurgeQueue",
        "sqs:SendMessage",
        "lambda:AddPermission",
        "lambda:CreateFunctionUrlConfig",
        "cloudformation:SetStackPolicy",
        "secretsmanager:ListSecrets",
        "kms:CreateKey",
        "kms:Decrypt",
        "ec2:RunInstances",
        "logs:PutResourcePolicy",
    ],
)
def test_it_does_not_allow(admin: Identity, action: str) -> None:
    resources = {need.resource.format(stack="tweets") for need in deployment.all_needs()}

    assert not [one for one in resources if _allows(admin, DOCUMENT, action, one)]


def _granted() -> Iterator[tuple[dict[str, Any], str]]:
    for statement in DOCUMENT["Statement"]:
        if statement["Effect"] == "Allow":
            for action in statement["Action"]:
                yield statement, action


@cache
def _actions() -> frozenset[str]:
    """The actions of those services of which a pattern is granted, by their APIs' operations."""
    session = botocore.session.get_session()
    services = {action.split(":")[0] for _, action in _granted() if "*" in action}
    return frozenset(
        f"{service}:{operation}"
        for service in services
        for operation in session.get_service_model(service).operation_names
    )


def _in_partition(partition: str, resource: str) -> str:
    return resource.format(stack="tweets").replace("arn:aws:", f"arn:{partition}:")


def _allows(admin: Identity, document: dict[str, Any], action: str, resource: str) -> bool:
    """What MiniStack's own evaluation says, for a request without any condition key."""
    (result,) = admin.client("iam").simulate_custom_policy(
        PolicyInputList=[json.dumps(document)], ActionNames=[action], ResourceArns=[resource]
    )["EvaluationResults"]
    return bool(result["EvalDecision"] == "allowed")
