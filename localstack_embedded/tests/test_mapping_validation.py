"""Which mappings are refused, and with which AWS error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localstack_embedded.plugin.mapping.validation import OutOfConstraints, Unsuitable, check

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REQUEST: dict[str, Any] = {
    "EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
    "StartingPosition": "TRIM_HORIZON",
}


def to(destination: str) -> dict[str, Any]:
    return {"DestinationConfig": {"OnFailure": {"Destination": destination}}}


def starting(at: object) -> dict[str, Any]:
    return {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": at}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"BatchSize": 10_000, "MaximumBatchingWindowInSeconds": 300},
        {"ParallelizationFactor": 10, "TumblingWindowInSeconds": 900},
        {"MaximumRecordAgeInSeconds": -1, "MaximumRetryAttempts": -1},
        {"MaximumRecordAgeInSeconds": 60, "MaximumRetryAttempts": 10_000},
        {"FunctionResponseTypes": ["ReportBatchItemFailures"]},
        {"MetricsConfig": {"Metrics": ["EventCount"]}},
        {"FilterCriteria": {"Filters": [{"Pattern": '{"data": {"a": [1]}}'}]}},
        {"FilterCriteria": {}},
        {"DestinationConfig": {}},
        to("arn:aws:sqs:us-east-1:000000000000:letters"),
        to("arn:aws:sns:us-east-1:000000000000:letters"),
        to("arn:aws:s3:::letters"),
        starting(NOW),
        starting(NOW.timestamp() - 60),
    ],
    ids=str,
)
def test_what_aws_takes_is_taken(parameters: dict[str, Any]) -> None:
    check(REQUEST | parameters, NOW)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"BatchSize": 10_001}, "'10001' at 'batchSize'.* less than or equal to 10000"),
        ({"BatchSize": 0}, "'0' at 'batchSize'.* greater than or equal to 1"),
        ({"MaximumBatchingWindowInSeconds": 301}, "maximumBatchingWindowInSeconds"),
        ({"ParallelizationFactor": 11}, "parallelizationFactor"),
        ({"MaximumRecordAgeInSeconds": 604_801}, "maximumRecordAgeInSeconds"),
        ({"MaximumRetryAttempts": -2}, "maximumRetryAttempts"),
        ({"TumblingWindowInSeconds": 901}, "tumblingWindowInSeconds"),
        ({"FunctionResponseTypes": ["Everything"]}, r"\[Everything\]' at 'functionResponseTypes'"),
        ({"MetricsConfig": {"Metrics": ["Weather"]}}, r"\[Weather\]' at 'metrics'"),
        ({"BatchSize": 0, "ParallelizationFactor": 0}, "^2 validation errors detected"),
    ],
    ids=str,
)
def test_what_no_mapping_can_have(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(OutOfConstraints, match=message):
        check(REQUEST | parameters, NOW)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"ScalingConfig": {"MaximumConcurrency": 2}}, "^Unsupported 'ScalingConfig' parameter"),
        ({"Topics": ["t"]}, "^Unsupported 'Topics' parameter"),
        ({"MaximumRecordAgeInSeconds": 59}, "-1, or at least 60"),
        ({"MaximumRecordAgeInSeconds": 0}, "-1, or at least 60"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "needs a StartingPositionTimestamp"),
        (starting(NOW + timedelta(seconds=1)), "in the future"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "^Invalid filter pattern definition"),
        ({"FilterCriteria": {"Filters": [{}]}}, "^Invalid filter pattern definition"),
        (to("arn:aws:sqs:us-east-1:000000000000:letters.fifo"), "standard queue"),
        (to("arn:aws:lambda:us-east-1:000000000000:function:f"), "S3 bucket"),
        (to("letters"), "letters is invalid"),
    ],
    ids=str,
)
def test_what_does_not_go_with_a_stream(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(Unsuitable, match=message):
        check(REQUEST | parameters, NOW)
