"""The parts of the Kinesis API that are missing from LocalStack 4.9.2's botocore."""

from __future__ import annotations

from typing import Any


def _string(**constraints: Any) -> dict[str, Any]:
    return {"type": "string", **constraints}


def _structure(*required: str, **members: str) -> dict[str, Any]:
    return {
        "type": "structure",
        "required": list(required),
        "members": {name: {"shape": shape} for name, shape in members.items()},
    }


def _operation(name: str, *, has_output: bool) -> dict[str, Any]:
    output = {"output": {"shape": f"{name}Output"}} if has_output else {}
    return {
        "name": name,
        "http": {"method": "POST", "requestUri": "/"},
        "input": {"shape": f"{name}Input"},
        **output,
        "errors": [],
    }


NEWER_OPERATIONS = {
    name: _operation(name, has_output=has_output)
    for name, has_output in {
        "DescribeAccountSettings": True,
        "UpdateAccountSettings": True,
        "UpdateMaxRecordSize": False,
        "UpdateStreamRecordDistributionStrategy": False,
        "UpdateStreamWarmThroughput": True,
    }.items()
}

# These members are added to those of an existing shape; other keys replace its own.
NEWER_SHAPES: dict[str, dict[str, Any]] = {
    "Data": {"type": "blob", "max": 10 * 2**20, "min": 0},
    "NaturalIntegerObject": {"type": "integer", "min": 0},
    "MaxRecordSizeInKiB": {"type": "integer", "min": 1024, "max": 10240},
    "RecordDistributionStrategy": _string(enum=["AUTO", "USER_PARTITION_KEY"]),
    "CommitmentStatus": _string(enum=["ENABLED", "DISABLED"]),
    "CreateStreamInput": _structure(
        "StreamName",
        WarmThroughputMiBps="NaturalIntegerObject",
        MaxRecordSizeInKiB="MaxRecordSizeInKiB",
        RecordDistributionStrategy="RecordDistributionStrategy",
    ),
    "PutRecordInput": _structure("Data"),
    "PutRecordsRequestEntry": _structure("Data"),
    "UpdateMaxRecordSizeInput": _structure(
        "MaxRecordSizeInKiB", StreamARN="StreamARN", MaxRecordSizeInKiB="MaxRecordSizeInKiB"
    ),
    "UpdateStreamRecordDistributionStrategyInput": _structure(
        "StreamARN",
        "RecordDistributionStrategy",
        StreamARN="StreamARN",
        RecordDistributionStrategy="RecordDistributionStrategy",
    ),
    "UpdateStreamWarmThroughputInput": _structure(
        "WarmThroughputMiBps",
        StreamARN="StreamARN",
        StreamName="StreamName",
        WarmThroughputMiBps="NaturalIntegerObject",
    ),
    "UpdateStreamWarmThroughputOutput": _structure(),
    "DescribeAccountSettingsInput": _structure(),
    "DescribeAccountSettingsOutput": _structure(),
    "CommitmentInput": _structure("Status", Status="CommitmentStatus"),
    "UpdateAccountSettingsInput": _structure(
        "MinimumThroughputBillingCommitment", MinimumThroughputBillingCommitment="CommitmentInput"
    ),
    "UpdateAccountSettingsOutput": _structure(),
}
