"""Removes what stacks on an emulator have left.

LocalStack takes nothing back when a deployment fails, and deletes nothing of a stack that never
came up, but calls it deleted. Its history still names what such a stack made.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from tweetpipe.aws.errors import DeployFailed
from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import Place
from tweetpipe.deploying import events

_GONE = ("NotFound", "NoSuchEntity", "NonExistent", "DoesNotExist")


def remove(place: Place, name: str) -> list[str]:
    """Deletes what stacks of this name made and didn't delete, and names it.

    For when there is no such stack any more. Raises DeployFailed for what can't be deleted.
    """
    removed: list[str] = []
    for kind, physical_id in _left(place, name):
        try:
            _REMOVERS[kind](place, physical_id)
            removed.append(physical_id)
        except ClientError as error:
            if not is_gone(error):
                raise DeployFailed(
                    f"{physical_id} ({kind}) of the stack {name} could not be deleted: "
                    f"{explain(error)}"
                ) from error
    return removed


def unprotect(place: Place, table: str) -> None:
    """Takes the deletion protection off a table, if it is there."""
    with suppress(ClientError):
        place.dynamodb().update_table(TableName=table, DeletionProtectionEnabled=False)


def is_gone(error: ClientError) -> bool:
    """Whether a service says with this error that there is no such thing."""
    code = error.response.get("Error", {}).get("Code", "")
    return any(word in code for word in _GONE)


def _left(place: Place, name: str) -> list[tuple[str, str]]:
    """The type and name of each resource that is not known to be deleted, newest first."""
    pages = place.cloudformation().get_paginator("list_stacks").paginate()
    named = [s for page in pages for s in page["StackSummaries"] if s["StackName"] == name]
    left: dict[tuple[str, str], None] = {}
    # Deleted ones come first: what one that somebody made meanwhile has is not left over.
    for stack in sorted(named, key=lambda s: s["StackStatus"] != "DELETE_COMPLETE"):
        is_deleted = stack["StackStatus"] == "DELETE_COMPLETE"
        for event in events.every(place, stack["StackId"]):
            made = (event.type, event.physical_id)
            # Skipped is what somebody asked to have kept.
            if event.status in ("DELETE_COMPLETE", "DELETE_SKIPPED") or not is_deleted:
                left.pop(made, None)
            elif event.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                left[made] = None
    return [made for made in reversed(left) if made[0] in _REMOVERS]


def _client(place: Place, service: str) -> Any:
    make: Any = place.session.client
    return make(service, endpoint_url=place.endpoint)


def _remove_table(place: Place, name: str) -> None:
    unprotect(place, name)
    place.dynamodb().delete_table(TableName=name)


def _remove_role(place: Place, name: str) -> None:
    iam = place.iam()
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def _remove_user(place: Place, name: str) -> None:
    iam = place.iam()
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_user(UserName=name)


# Alarms and dashboards that are not there are deleted without an error.
_REMOVERS: dict[str, Callable[[Place, str], object]] = {
    "AWS::CloudWatch::Alarm": lambda place, name: _client(place, "cloudwatch").delete_alarms(
        AlarmNames=[name]
    ),
    "AWS::CloudWatch::Dashboard": lambda place, name: _client(
        place, "cloudwatch"
    ).delete_dashboards(DashboardNames=[name]),
    "AWS::DynamoDB::Table": _remove_table,
    "AWS::IAM::Role": _remove_role,
    "AWS::IAM::User": _remove_user,
    "AWS::Kinesis::Stream": lambda place, name: place.kinesis().delete_stream(
        StreamName=name, EnforceConsumerDeletion=True
    ),
    "AWS::Lambda::EventSourceMapping": lambda place, name: (
        place.lambda_().delete_event_source_mapping(UUID=name)
    ),
    "AWS::Lambda::Function": lambda place, name: place.lambda_().delete_function(FunctionName=name),
    "AWS::Logs::LogGroup": lambda place, name: place.logs().delete_log_group(logGroupName=name),
    "AWS::SNS::Topic": lambda place, name: _client(place, "sns").delete_topic(TopicArn=name),
    "AWS::SQS::Queue": lambda place, name: place.sqs().delete_queue(QueueUrl=name),
    "AWS::SecretsManager::Secret": lambda place, name: place.secretsmanager().delete_secret(
        SecretId=name, ForceDeleteWithoutRecovery=True
    ),
}
