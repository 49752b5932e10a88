"""Deploys the template into MiniStack, and finds the names of its resources.

Nothing is deleted, because everything ends with the emulator.
"""

from __future__ import annotations

import json
import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.iam import template as templates
from tests.iam.identities import ACCOUNT, REGION, Identity
from tests.iam.template import Template
from tests.waiting import wait_for
from tweetpipe import events
from tweetpipe.deploying import package

BUCKET = "packages"
PACKAGE = "function.zip"
SHARD = "shardId-000000000000"
LOG_STREAM = "there-already"


@dataclass(frozen=True, kw_only=True)
class Names:
    """The resources of one stack, with the names for calls."""

    admin: Identity = field(repr=False)
    stack: str
    stream: str
    table: str
    queue_url: str
    function: str
    log_group: str
    role: str
    user: str
    secret: str

    @property
    def stream_arn(self) -> str:
        return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{self.stream}"

    @property
    def shard_iterator(self) -> str:
        """A new iterator at each use: it lasts five minutes, and the tests run in any order.

        https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
        """
        answer = self.admin.client("kinesis").get_shard_iterator(
            StreamName=self.stream, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON"
        )
        return str(answer["ShardIterator"])

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role/{self.role}"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two stacks of one template; the identities of `own` have no permissions on `other`."""

    own: Names
    other: Names


def upload_package(admin: Identity) -> None:
    """Puts the function's real package where CloudFormation finds it."""
    s3 = admin.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=PACKAGE, Body=package.archive(events.chosen().packaged))


def deploy_pair(admin: Identity, template: Template, **parameters: str) -> Pair:
    """Two stacks whose functions don't read their streams."""
    quiet = deepcopy(template)
    templates.properties(quiet, "AWS::Lambda::EventSourceMapping")["Enabled"] = False
    return Pair(own=deploy(admin, quiet, **parameters), other=deploy(admin, quiet, **parameters))


def deploy(admin: Identity, template: Template, **parameters: str) -> Names:
    """A stack of the template, with the function's real package in it."""
    name = f"iam-{uuid.uuid4().hex[:8]}"
    ready = deepcopy(template)
    code = {"S3Bucket": BUCKET, "S3Key": PACKAGE}
    templates.properties(ready, "AWS::Lambda::Function")["Code"] = code
    client = admin.client("cloudformation")
    client.create_stack(
        StackName=name,
        TemplateBody=json.dumps(ready),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    )

    def ended() -> str:
        status = str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        return "" if status.endswith("_IN_PROGRESS") else status

    status = wait_for(ended, f"the stack {name}")
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [event.get("ResourceStatusReason") for event in events]
    assert status == "CREATE_COMPLETE", [reason for reason in reasons if reason]
    return _furnished(admin, name, ready)


def _furnished(admin: Identity, stack: str, template: Template) -> Names:
    """The stack's names, after creating what calls need in addition."""
    found: list[dict[str, Any]] = admin.client("cloudformation").describe_stack_resources(
        StackName=stack
    )["StackResources"]
    physical = {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in found}

    def name(resource_type: str) -> str:
        return str(physical[templates.only(template, resource_type)])

    table = name("AWS::DynamoDB::Table")
    # MiniStack's CloudFormation treats a parameter's "false" as true.
    admin.client("dynamodb").update_table(TableName=table, DeletionProtectionEnabled=False)
    stream, log_group = name("AWS::Kinesis::Stream"), name("AWS::Logs::LogGroup")
    admin.client("logs").create_log_stream(logGroupName=log_group, logStreamName=LOG_STREAM)
    # Replaces the template's secret, which was removed with the access key that it contains.
    secret = admin.client("secretsmanager").create_secret(
        Name=f"{stack}-ProducerSecret", SecretString="not a real one"
    )
    return Names(
        admin=admin,
        stack=stack,
        stream=stream,
        table=table,
        queue_url=name("AWS::SQS::Queue"),
        function=name("AWS::Lambda::Function"),
        log_group=log_group,
        role=name("AWS::IAM::Role"),
        user=name("AWS::IAM::User"),
        secret=secret["ARN"],
    )
