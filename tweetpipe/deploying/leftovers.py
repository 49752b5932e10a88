"""Finds the resources that deleted stacks left behind on an emulator, and removes them.

LocalStack rolls nothing back when a deployment fails, and deletes no resource of a stack that
failed to deploy, although it reports the stack as deleted. Its history still has the resources of
such a stack and the stack's owner; the resources themselves don't name an owner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from tweetpipe.aws.errors import DeployFailed
from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, find_by_id
from tweetpipe.deploying import events, identities, owner
from tweetpipe.deploying.changes import HOLDS_DATA
from tweetpipe.deploying.emulated_parts import mappings_of

_GONE = ("NotFound", "NoSuchEntity", "NonExistent", "DoesNotExist")

# IAM deletes a role or user only if it has no policies.
_NO_POLICIES: dict[str, Any] = {"ManagedPolicyArns": [], "Policies": []}

# The clocks of an emulator's services differ; some count whole seconds.
_SAME_MOMENT = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A resource of a deleted stack that still exists.

    It is ours if the stack was created from this home, and the resource was not re-created since.
    """

    type: str
    physical_id: str
    is_ours: bool

    @property
    def holds_data(self) -> bool:
        return self.type in HOLDS_DATA

    def __str__(self) -> str:
        return f"{self.physical_id} ({self.type})"


def not_ours(place: Place, name: str) -> list[Leftover]:
    """The leftovers of deleted stacks of this name that may belong to someone else."""
    return [left for left in _find(place, name) if not left.is_ours]


def clear(
    place: Place, name: str, deleted: Stack | None, approved: Sequence[Leftover]
) -> list[str]:
    """Deletes our own leftovers of stacks of this name, and the approved ones; returns their names.

    The leftovers of the stack that was just deleted count as ours, because the user approved its
    deletion. To be called when the stack is gone. Raises DeployFailed if one can't be deleted.
    """
    removed: list[str] = []
    for left in _find(place, name, deleted):
        if not (left.is_ours or left in approved):
            continue
        try:
            _KINDS[left.type].remove(place, left.physical_id)
            removed.append(left.physical_id)
        except ClientError as error:
            if not is_gone(error):
                raise DeployFailed(f"{left} could not be deleted: {explain(error)}") from error
    return removed


def unprotect(place: Place, table: str) -> None:
    """Turns off the deletion protection of a table, if the table exists."""
    with suppress(ClientError):
        place.dynamodb().update_table(TableName=table, DeletionProtectionEnabled=False)


def unmap(place: Place, function: str) -> None:
    """Deletes a function's mappings, because its stack doesn't know a re-created one."""
    with suppress(ClientError):
        for mapping in mappings_of(place, function):
            place.lambda_().delete_event_source_mapping(UUID=mapping["UUID"])


def strip_users(place: Place, stack_id: str) -> None:
    """Removes the policies of a stack's users, because LocalStack can't delete a user with any."""
    with suppress(ClientError):
        found = place.cloudformation().describe_stack_resources(StackName=stack_id)
        for resource in found["StackResources"]:
            # A user that could not be created has no name.
            name = resource.get("PhysicalResourceId")
            if name and resource["ResourceType"] == "AWS::IAM::User":
                identities.mend_user(place, name, _NO_POLICIES)


def is_gone(error: ClientError) -> bool:
    """Whether this error of a service means that the resource does not exist."""
    code = error.response.get("Error", {}).get("Code", "")
    return any(word in code for word in _GONE)


def _find(place: Place, name: str, deleted: Stack | None = None) -> list[Leftover]:
    """The leftovers of the stacks of this name, newest first; always none on AWS."""
    if not place.is_local:
        return []
    found: list[Leftover] = []
    for (kind, physical_id), (stack_id, at) in _left(place, name).items():
        made = _made(place, kind, physical_id)
        if made:
            is_same = made is True or made <= at + _SAME_MOMENT
            is_approved = deleted is not None and stack_id == deleted.id
            is_ours = is_same and (is_approved or _is_ours(place, stack_id))
            found.append(Leftover(type=kind, physical_id=physical_id, is_ours=is_ours))
    return found[::-1]


def _left(place: Place, name: str) -> dict[tuple[str, str], tuple[str, datetime]]:
    """The resources that may still exist, by type and name, oldest first.

    The values are the id of their stack, and a time when they existed.
    """
    pages = place.cloudformation().get_paginator("list_stacks").paginate()
    named = [s for page in pages for s in page["StackSummaries"] if s["StackName"] == name]
    left: dict[tuple[str, str], tuple[str, datetime]] = {}
    # Deleted stacks first: a resource of a stack that exists now is not a leftover.
    for stack in sorted(named, key=lambda s: s["StackStatus"] != "DELETE_COMPLETE"):
        is_deleted = stack["StackStatus"] == "DELETE_COMPLETE"
        for event in events.every(place, stack["StackId"]):
            made = (event.type, event.physical_id)
            # DELETE_SKIPPED: the user chose to keep it.
            if event.status in ("DELETE_COMPLETE", "DELETE_SKIPPED") or not is_deleted:
                left.pop(made, None)
            elif event.status == "CREATE_COMPLETE" and event.type in _KINDS:
                left[made] = (stack["StackId"], event.at)
            elif event.status == "UPDATE_COMPLETE" and event.type in _KINDS:
                left.setdefault(made, (stack["StackId"], event.at))
    return left


def _is_ours(place: Place, stack_id: str) -> bool:
    stack = find_by_id(place, stack_id)
    return stack is not None and owner.is_ours(stack)


def _made(place: Place, kind: str, physical_id: str) -> datetime | bool:
    """When the resource was created, or whether it exists if nothing else is known."""
    try:
        return _KINDS[kind].made(place, physical_id)
    except ClientError as error:
        # If it can't be checked, assume that it exists; removing it will report the reason.
        return not is_gone(error)


def _client(place: Place, service: str) -> Any:
    make: Any = place.session.client
    return make(service, endpoint_url=place.endpoint)


def _queue_made(place: Place, url: str) -> datetime:
    asked = place.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["CreatedTimestamp"])
    return datetime.fromtimestamp(float(asked["Attributes"]["CreatedTimestamp"]), UTC)


def _log_group_is_there(place: Place, name: str) -> bool:
    groups = place.logs().describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group.get("logGroupName") == name for group in groups)


def _remove_table(place: Place, name: str) -> None:
    unprotect(place, name)
    place.dynamodb().delete_table(TableName=name)


def _remove_policy(place: Place, arn: str) -> None:
    iam = place.iam()
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def _remove_role(place: Place, name: str) -> None:
    identities.mend_role(place, name, _NO_POLICIES)
    place.iam().delete_role(RoleName=name)


def _remove_user(place: Place, name: str) -> None:
    iam = place.iam()
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    identities.mend_user(place, name, _NO_POLICIES)
    iam.delete_user(UserName=name)


@dataclass(frozen=True)
class _Kind:
    """How to find and remove a type of resource."""

    made: Callable[[Place, str], datetime | bool]
    remove: Callable[[Place, str], object]


_KINDS = {
    "AWS::CloudWatch::Alarm": _Kind(
        lambda place, name: bool(
            _client(place, "cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        ),
        lambda place, name: _client(place, "cloudwatch").delete_alarms(AlarmNames=[name]),
    ),
    "AWS::CloudWatch::Dashboard": _Kind(
        lambda place, name: bool(
            _client(place, "cloudwatch").get_dashboard(DashboardName=name)["DashboardName"]
        ),
        lambda place, name: _client(place, "cloudwatch").delete_dashboards(DashboardNames=[name]),
    ),
    "AWS::DynamoDB::Table": _Kind(
        lambda place, name: place.dynamodb().describe_table(TableName=name)["Table"][
            "CreationDateTime"
        ],
        _remove_table,
    ),
    "AWS::IAM::ManagedPolicy": _Kind(
        lambda place, arn: place.iam().get_policy(PolicyArn=arn)["Policy"]["CreateDate"],
        _remove_policy,
    ),
    "AWS::IAM::Role": _Kind(
        lambda place, name: place.iam().get_role(RoleName=name)["Role"]["CreateDate"],
        _remove_role,
    ),
    "AWS::IAM::User": _Kind(
        lambda place, name: place.iam().get_user(UserName=name)["User"]["CreateDate"],
        _remove_user,
    ),
    "AWS::Kinesis::Stream": _Kind(
        lambda place, name: place.kinesis().describe_stream_summary(StreamName=name)[
            "StreamDescriptionSummary"
        ]["StreamCreationTimestamp"],
        lambda place, name: place.kinesis().delete_stream(
            StreamName=name, EnforceConsumerDeletion=True
        ),
    ),
    "AWS::Lambda::EventSourceMapping": _Kind(
        lambda place, name: bool(place.lambda_().get_event_source_mapping(UUID=name)["UUID"]),
        lambda place, name: place.lambda_().delete_event_source_mapping(UUID=name),
    ),
    "AWS::Lambda::Function": _Kind(
        lambda place, name: bool(
            place.lambda_().get_function_configuration(FunctionName=name)["FunctionName"]
        ),
        lambda place, name: place.lambda_().delete_function(FunctionName=name),
    ),
    "AWS::Logs::LogGroup": _Kind(
        _log_group_is_there,
        lambda place, name: place.logs().delete_log_group(logGroupName=name),
    ),
    "AWS::SNS::Topic": _Kind(
        lambda place, name: bool(_client(place, "sns").get_topic_attributes(TopicArn=name)),
        lambda place, name: _client(place, "sns").delete_topic(TopicArn=name),
    ),
    "AWS::SQS::Queue": _Kind(
        _queue_made,
        lambda place, name: place.sqs().delete_queue(QueueUrl=name),
    ),
    "AWS::SecretsManager::Secret": _Kind(
        lambda place, name: (
            not place.secretsmanager().describe_secret(SecretId=name).get("DeletedDate")
        ),
        lambda place, name: place.secretsmanager().delete_secret(
            SecretId=name, ForceDeleteWithoutRecovery=True
        ),
    ),
}
