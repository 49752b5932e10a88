"""The settings of an event source mapping for Kinesis, with AWS's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

FOREVER = -1  # AWS's value for unlimited retries, and for records of any age


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an EventSourceMappingConfiguration says about reading and retrying.

    Names, ranges, and defaults are those of CreateEventSourceMapping:
    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """

    starting_position: str = "TRIM_HORIZON"
    starting_timestamp: float | None = None  # epoch seconds, with AT_TIMESTAMP
    batch_size: int = 100
    batching_window: float = 0  # seconds
    parallelization_factor: int = 1
    bisects: bool = False
    reports_item_failures: bool = False
    maximum_retries: int = FOREVER
    maximum_age: float = FOREVER  # seconds
    tumbling_window: float = 0  # seconds

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Settings:
        """Read LocalStack's form of the configuration."""
        at = configuration.get("StartingPositionTimestamp")
        window = configuration.get("TumblingWindowInSeconds") or 0
        retries = configuration.get("MaximumRetryAttempts")
        return cls(
            starting_position=configuration.get("StartingPosition") or cls.starting_position,
            starting_timestamp=at.timestamp() if isinstance(at, datetime) else at,
            batch_size=configuration.get("BatchSize") or cls.batch_size,
            batching_window=configuration.get("MaximumBatchingWindowInSeconds") or 0,
            # The shard has a single window state, so its batches run one after another.
            parallelization_factor=1
            if window
            else configuration.get("ParallelizationFactor") or cls.parallelization_factor,
            bisects=bool(configuration.get("BisectBatchOnFunctionError")),
            reports_item_failures="ReportBatchItemFailures"
            in (configuration.get("FunctionResponseTypes") or ()),
            maximum_retries=FOREVER if retries is None else retries,
            maximum_age=configuration.get("MaximumRecordAgeInSeconds") or FOREVER,
            tumbling_window=window,
        )


def filters_of(configuration: Mapping[str, Any]) -> list[dict[str, str]]:
    """The filters, if there are any."""
    return (configuration.get("FilterCriteria") or {}).get("Filters") or []


def destination_of(configuration: Mapping[str, Any]) -> str | None:
    """The ARN of the OnFailure destination, if there is one."""
    on_failure = (configuration.get("DestinationConfig") or {}).get("OnFailure") or {}
    destination: str | None = on_failure.get("Destination")
    return destination
