"""Reads and changes each kind of resource on an emulator, in terms of the template.

`read` returns the properties that an emulator can report, with None for one that is not set. It
leaves out what emulators do not keep: the stream's encryption, and the tags of some services.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from processor.table import EXPIRES_AT
from tweetpipe.aws.place import Place
from tweetpipe.deploying import identities, resharding
from tweetpipe.deploying.identities import Properties

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
    "MetricsConfig",
    "ParallelizationFactor",
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A kind of resource.

    `mend` sets those of the given properties that can be changed in place. `make` creates a missing
    resource, if that loses nothing, and `current` then returns its new name. `defaults` are
    properties to compare that the template does not specify.
    """

    read: Callable[[Place, str], Properties]
    mend: Callable[[Place, str, Properties], None]
    make: Callable[[Place, Properties], None] | None = None
    current: Callable[[Place, str, Properties], str] = lambda _place, name, _wanted: name
    defaults: Mapping[str, Any] = field(default_factory=dict)


def _read_stream(place: Place, name: str) -> Properties:
    summary = place.kinesis().describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    mode = summary.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    found = {
        "StreamModeDetails": {"StreamMode": mode},
        "RetentionPeriodHours": summary["RetentionPeriodHours"],
        "Tags": place.kinesis().list_tags_for_stream(StreamName=name)["Tags"],
    }
    # Not every emulator has the newer properties.
    if "MaxRecordSizeInKiB" in summary:
        found["MaxRecordSizeInKiB"] = summary["MaxRecordSizeInKiB"]
        strategy = summary.get("RecordDistributionStrategy")
        found["RecordDistributionStrategy"] = strategy if mode == "ON_DEMAND" else None
    # AWS manages the shards of an on-demand stream.
    shards = summary["OpenShardCount"] if mode == "PROVISIONED" else None
    return found | {"ShardCount": shards}


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
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    strategy = wanted.get("RecordDistributionStrategy", "")
    if strategy is None:
        # Only an on-demand stream may have the other strategy.
        _distribute(place, summary["StreamARN"], "USER_PARTITION_KEY")
    if "StreamModeDetails" in wanted:
        kinesis.update_stream_mode(
            StreamARN=summary["StreamARN"], StreamModeDetails=wanted["StreamModeDetails"]
        )
        resharding.wait_until_active(place, name)
    # Only our own streams report the size of records. With others, LocalStack's mapping would start
    # again at the oldest record each time a shard is closed.
    if wanted.get("ShardCount") and "MaxRecordSizeInKiB" in summary:
        resharding.resize(place, name, int(wanted["ShardCount"]))
    if "MaxRecordSizeInKiB" in wanted:
        size = int(wanted["MaxRecordSizeInKiB"])
        kinesis.update_max_record_size(StreamARN=summary["StreamARN"], MaxRecordSizeInKiB=size)
        resharding.wait_until_active(place, name)
    if strategy:
        _distribute(place, summary["StreamARN"], strategy)


def _distribute(place: Place, arn: str, strategy: Any) -> None:
    place.kinesis().update_stream_record_distribution_strategy(
        StreamARN=arn, RecordDistributionStrategy=strategy
    )


def _read_table(place: Place, name: str) -> Properties:
    table = place.dynamodb().describe_table(TableName=name)["Table"]
    backups = place.dynamodb().describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    expiry = place.dynamodb().describe_time_to_live(TableName=name)
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
        "TimeToLiveSpecification": {
            "AttributeName": EXPIRES_AT,
            "Enabled": expiry["TimeToLiveDescription"].get("TimeToLiveStatus") == "ENABLED",
        },
    }


def _mend_table(place: Place, name: str, wanted: Properties) -> None:
    dynamodb = place.dynamodb()
    if "PointInTimeRecoverySpecification" in wanted:
        dynamodb.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification=wanted["PointInTimeRecoverySpecification"],
        )
    if "ProvisionedThroughput" in wanted:
        units = wanted["ProvisionedThroughput"]
        throughput: Any = (
            {"BillingMode": "PROVISIONED", "ProvisionedThroughput": _typed(units)}
            if units
            else {"BillingMode": "PAY_PER_REQUEST"}
        )
        dynamodb.update_table(TableName=name, **throughput)
    if "DeletionProtectionEnabled" in wanted:
        protected = wanted["DeletionProtectionEnabled"] == "true"
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=protected)
    if "TimeToLiveSpecification" in wanted:
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification=wanted["TimeToLiveSpecification"]
        )


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


def _current_mapping(place: Place, name: str, wanted: Properties) -> str:
    found = mappings_of(place, wanted["FunctionName"])
    ids = [one["UUID"] for one in found if one.get("EventSourceArn") == wanted["EventSourceArn"]]
    return name if name in ids or not ids else ids[0]


def _make_mapping(place: Place, wanted: Properties) -> None:
    """Starts at the oldest record in the stream; storing a record twice changes nothing."""
    client: Any = place.lambda_()
    tags = {tag["Key"]: tag["Value"] for tag in wanted.get("Tags", [])}
    client.create_event_source_mapping(**_typed(wanted | {"Tags": tags}))


def mappings_of(place: Place, function: str) -> list[Mapping[str, Any]]:
    """The event source mappings of a function, which is given by name or ARN."""
    name = function.rpartition(":")[2]
    pages = place.lambda_().get_paginator("list_event_source_mappings").paginate()
    # When filtered by function, LocalStack also lists functions that have this name as a prefix.
    return [
        mapping
        for page in pages
        for mapping in page["EventSourceMappings"]
        if mapping.get("FunctionArn", "").rpartition(":")[2] == name
    ]


def _read_queue(place: Place, url: str) -> Properties:
    asked = place.sqs().get_queue_attributes(
        QueueUrl=url, AttributeNames=["MessageRetentionPeriod"]
    )
    return {"MessageRetentionPeriod": asked["Attributes"]["MessageRetentionPeriod"]}


def _mend_queue(place: Place, url: str, wanted: Properties) -> None:
    attributes: Any = {name: str(value) for name, value in wanted.items()}
    place.sqs().set_queue_attributes(QueueUrl=url, Attributes=attributes)


def _typed(properties: Properties) -> Properties:
    """The values with the types that the API expects; template parameters are all text."""
    return {
        name: int(value) if isinstance(value, str) and re.fullmatch(r"-?\d+", value) else value
        for name, value in properties.items()
    }


PARTS = {
    "AWS::DynamoDB::Table": Part(read=_read_table, mend=_mend_table),
    "AWS::IAM::Role": Part(read=identities.read_role, mend=identities.mend_role),
    "AWS::IAM::User": Part(read=identities.read_user, mend=identities.mend_user),
    "AWS::Kinesis::Stream": Part(read=_read_stream, mend=_mend_stream),
    "AWS::Lambda::EventSourceMapping": Part(
        read=_read_mapping,
        mend=_mend_mapping,
        make=_make_mapping,
        current=_current_mapping,
        defaults={"Enabled": True},
    ),
    "AWS::Lambda::Function": Part(read=_read_function, mend=_mend_function),
    "AWS::SQS::Queue": Part(read=_read_queue, mend=_mend_queue),
}
