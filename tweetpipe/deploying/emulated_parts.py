"""How each kind of resource says what it is, in the template's words, and how it is changed.

`read` gives the properties that an emulator can tell, None for one that is not set. What it keeps
no trace of is left out: the stream's encryption, and tags of the services that have none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tweetpipe.aws.place import Place

_FUNCTION = (
    "Architectures",
    "Description",
    "Environment",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
)
_MAPPING = (
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
)

Properties = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A kind of resource.

    `mend` sets those of the properties given that can be set in place. `defaults` are the
    properties that count although the template doesn't name them.
    """

    read: Callable[[Place, str], Properties]
    mend: Callable[[Place, str, Properties], None]
    defaults: Mapping[str, Any] = field(default_factory=dict)


def _read_stream(place: Place, name: str) -> Properties:
    summary = place.kinesis().describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    mode = summary.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    found = {
        "StreamModeDetails": {"StreamMode": mode},
        "RetentionPeriodHours": summary["RetentionPeriodHours"],
        "Tags": place.kinesis().list_tags_for_stream(StreamName=name)["Tags"],
    }
    # The shards of an on-demand stream are AWS's business.
    return found | ({"ShardCount": summary["OpenShardCount"]} if mode == "PROVISIONED" else {})


def _mend_stream(place: Place, name: str, wanted: Properties) -> None:
    kinesis = place.kinesis()
    if "RetentionPeriodHours" in wanted:
        hours = int(wanted["RetentionPeriodHours"])
        longer = hours > _read_stream(place, name)["RetentionPeriodHours"]
        change = (
            kinesis.increase_stream_retention_period
            if longer
            else kinesis.decrease_stream_retention_period
        )
        change(StreamName=name, RetentionPeriodHours=hours)
    if "Tags" in wanted:
        tags = {tag["Key"]: tag["Value"] for tag in wanted["Tags"]}
        kinesis.add_tags_to_stream(StreamName=name, Tags=tags)
        foreign = {tag["Key"] for tag in _read_stream(place, name)["Tags"]} - tags.keys()
        if foreign:
            kinesis.remove_tags_from_stream(StreamName=name, TagKeys=[*foreign])


def _read_table(place: Place, name: str) -> Properties:
    table = place.dynamodb().describe_table(TableName=name)["Table"]
    backups = place.dynamodb().describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    billing = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    throughput = table.get("ProvisionedThroughput", {})
    units = {unit: throughput.get(unit) for unit in ("ReadCapacityUnits", "WriteCapacityUnits")}
    enabled = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    return {
        "AttributeDefinitions": table["AttributeDefinitions"],
        "KeySchema": table["KeySchema"],
        "BillingMode": billing,
        "ProvisionedThroughput": units if billing == "PROVISIONED" else None,
        "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": enabled},
    }


def _mend_table(place: Place, name: str, wanted: Properties) -> None:
    dynamodb = place.dynamodb()
    if "PointInTimeRecoverySpecification" in wanted:
        dynamodb.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification=wanted["PointInTimeRecoverySpecification"],
        )
    if "DeletionProtectionEnabled" in wanted:
        protected = wanted["DeletionProtectionEnabled"] == "true"
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=protected)


def _read_function(place: Place, name: str) -> Properties:
    found: Mapping[str, Any] = place.lambda_().get_function_configuration(FunctionName=name)
    reserved = place.lambda_().get_function_concurrency(FunctionName=name)
    return {key: found.get(key) for key in _FUNCTION} | {
        "ReservedConcurrentExecutions": reserved.get("ReservedConcurrentExecutions")
    }


def _mend_function(place: Place, name: str, wanted: Properties) -> None:
    client: Any = place.lambda_()
    if "ReservedConcurrentExecutions" in wanted:
        reserved = wanted.pop("ReservedConcurrentExecutions")
        if reserved is None:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=int(reserved)
            )
    wanted.pop("Architectures", None)
    if wanted:
        client.update_function_configuration(FunctionName=name, **_typed(wanted))
        client.get_waiter("function_updated").wait(
            FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )


def _read_mapping(place: Place, name: str) -> Properties:
    found: Mapping[str, Any] = place.lambda_().get_event_source_mapping(UUID=name)
    enabled = found["State"] in ("Enabled", "Enabling", "Creating", "Updating")
    return {key: found.get(key) for key in _MAPPING} | {"Enabled": enabled}


def _mend_mapping(place: Place, name: str, wanted: Properties) -> None:
    client: Any = place.lambda_()
    client.update_event_source_mapping(UUID=name, **_typed(wanted))


def _read_role(place: Place, name: str) -> Properties:
    iam = place.iam()
    policies = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    return {
        "AssumeRolePolicyDocument": iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"],
        "Policies": [
            {key: policy[key] for key in ("PolicyName", "PolicyDocument")} for policy in policies
        ],
    }


def _mend_role(place: Place, name: str, wanted: Properties) -> None:
    iam = place.iam()
    if "AssumeRolePolicyDocument" in wanted:
        document = json.dumps(wanted["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    if "Policies" in wanted:
        policies = {
            policy["PolicyName"]: json.dumps(policy["PolicyDocument"])
            for policy in wanted["Policies"]
        }
        for policy, document in policies.items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            if policy not in policies:
                iam.delete_role_policy(RoleName=name, PolicyName=policy)


def _read_queue(place: Place, url: str) -> Properties:
    asked = place.sqs().get_queue_attributes(
        QueueUrl=url, AttributeNames=["MessageRetentionPeriod"]
    )
    return {"MessageRetentionPeriod": asked["Attributes"]["MessageRetentionPeriod"]}


def _mend_queue(place: Place, url: str, wanted: Properties) -> None:
    attributes: Any = {name: str(value) for name, value in wanted.items()}
    place.sqs().set_queue_attributes(QueueUrl=url, Attributes=attributes)


def _typed(properties: Properties) -> Properties:
    """The values as the API takes them: parameters of the template are all text."""
    return {
        name: int(value) if isinstance(value, str) and re.fullmatch(r"-?\d+", value) else value
        for name, value in properties.items()
    }


PARTS = {
    "AWS::DynamoDB::Table": Part(read=_read_table, mend=_mend_table),
    "AWS::IAM::Role": Part(read=_read_role, mend=_mend_role),
    "AWS::Kinesis::Stream": Part(read=_read_stream, mend=_mend_stream),
    "AWS::Lambda::EventSourceMapping": Part(
        read=_read_mapping, mend=_mend_mapping, defaults={"Enabled": True}
    ),
    "AWS::Lambda::Function": Part(read=_read_function, mend=_mend_function),
    "AWS::SQS::Queue": Part(read=_read_queue, mend=_mend_queue),
}
