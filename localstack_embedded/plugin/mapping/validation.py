"""Rejects what AWS rejects in a mapping for Kinesis and LocalStack accepts.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from .filter_rules import InvalidPattern
from .filters import Filters
from .settings import destination_of, filters_of

_RANGES = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "ParallelizationFactor": (1, 10),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
    "MaximumRetryAttempts": (-1, 10_000),
    "TumblingWindowInSeconds": (0, 900),
}
_SHORTEST_AGE = 60  # seconds; -1 is for records of any age
_CHOICES = {"FunctionResponseTypes": {"ReportBatchItemFailures"}, "Metrics": {"EventCount"}}
_DESTINATIONS = ("sqs", "sns", "s3")
# Parameters that only mappings for queues, Kafka, MQ, or DocumentDB have.
_OF_OTHERS = (
    "AmazonManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
    "ProvisionedPollerConfig",
    "Queues",
    "ScalingConfig",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "Topics",
)


class OutOfConstraints(Exception):
    """AWS's ValidationException: the parameter can't have this value."""


class Unsuitable(Exception):
    """AWS's InvalidParameterValueException: the value doesn't suit a Kinesis stream."""


def check(request: Mapping[str, Any], now: datetime) -> None:
    """Raise the error with which AWS rejects a new or a changed mapping, if it does."""
    if broken := list(_broken_constraints(request)):
        errors = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
        raise OutOfConstraints(errors + "; ".join(broken))
    for name in _OF_OTHERS:
        if request.get(name):
            raise Unsuitable(f"Unsupported '{name}' parameter for given event source mapping type.")
    age = request.get("MaximumRecordAgeInSeconds")
    if age is not None and -1 < age < _SHORTEST_AGE:
        raise Unsuitable(
            f"MaximumRecordAgeInSeconds must be -1, or at least {_SHORTEST_AGE} and at most 604800."
        )
    _check_starting_position(request, now)
    try:
        Filters([each.get("Pattern") or "" for each in filters_of(request)])
    except InvalidPattern as error:
        raise Unsuitable("Invalid filter pattern definition.") from error
    destination = destination_of(request)
    if destination and not _can_be_destination(destination):
        raise Unsuitable(
            f"The destination ARN {destination} is invalid: for a stream, it must be that of an SQS"
            " standard queue, an SNS standard topic, or an S3 bucket."
        )


def _broken_constraints(request: Mapping[str, Any]) -> Iterator[str]:
    for name, (least, most) in _RANGES.items():
        value = request.get(name)
        if value is not None and not least <= value <= most:
            bound = f"greater than or equal to {least}" if value < least else None
            yield (
                f"Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy constraint:"
                f" Member must have value {bound or f'less than or equal to {most}'}"
            )
    lists = {
        "FunctionResponseTypes": request.get("FunctionResponseTypes"),
        "Metrics": (request.get("MetricsConfig") or {}).get("Metrics"),
    }
    for name, values in lists.items():
        if unknown := set(values or ()) - _CHOICES[name]:
            yield (
                f"Value '[{', '.join(sorted(unknown))}]' at '{name[0].lower()}{name[1:]}' failed"
                " to satisfy constraint: Member must satisfy enum value set:"
                f" [{', '.join(_CHOICES[name])}]"
            )


def _check_starting_position(request: Mapping[str, Any], now: datetime) -> None:
    if request.get("StartingPosition") != "AT_TIMESTAMP":
        return
    at = request.get("StartingPositionTimestamp")
    if at is None:
        raise Unsuitable("The starting position AT_TIMESTAMP needs a StartingPositionTimestamp.")
    seconds = at.timestamp() if isinstance(at, datetime) else float(at)
    if seconds > now.astimezone(UTC).timestamp():
        raise Unsuitable("StartingPositionTimestamp cannot be in the future.")


def _can_be_destination(arn: str) -> bool:
    parts = arn.split(":", 5)
    return (
        len(parts) == 6
        and parts[0] == "arn"
        and parts[2] in _DESTINATIONS
        and bool(parts[5])
        and not parts[5].endswith(".fifo")
    )
