"""The settings that this plugin and LocalStack read from the environment.

An invalid value is refused before LocalStack starts. LocalStack itself would end with a traceback
that doesn't name the setting, or go on without the setting.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import NamedTuple


class _Setting(NamedTuple):
    default: str  # unused where LocalStack itself reads the setting
    must_be: str
    values: tuple[str, ...] = ()
    least: float = -math.inf
    most: float = math.inf
    is_whole: bool = False

    def takes(self, value: str) -> bool:
        if self.values:
            return value in self.values
        try:
            number = int(value) if self.is_whole else float(value)
        except ValueError:
            return False
        return self.least <= number <= self.most


def _choice(*values: str) -> _Setting:
    return _Setting(values[0], " or ".join(values), values)


def _whole(default: str = "", *, least: int = 0) -> _Setting:
    must_be = f"a whole number, {least} or more"
    return _Setting(default, must_be, least=least, is_whole=True)


def _limit(default: str) -> _Setting:
    return _Setting(default, "a whole number, 0 or more, or Infinity", least=0)


def _duration(unit: str, default: str = "") -> _Setting:
    most = 10.0**9
    return _Setting(default, f"a number of {unit}, 0 or more", least=0, most=most)


_PROBABILITY = _Setting("0", "a number from 0 to 1", least=0, most=1)

SETTINGS = {
    # Passed on by docker-compose.yml. The embedded LocalStack has only native.
    "KINESIS_PROVIDER": _choice("native", "default"),
    "KINESIS_DISK_LIMIT_MB": _whole("10240", least=1),
    "KINESIS_ERROR_PROBABILITY": _PROBABILITY,
    "KINESIS_LATENCY": _duration("milliseconds", "0"),
    "KINESIS_ON_DEMAND_STREAM_COUNT_LIMIT": _limit("50"),
    "KINESIS_SHARD_LIMIT": _limit("500"),
    "KINESIS_SHARD_LIMITS": _choice("0", "1"),
    "DYNAMODB_TTL_SECONDS": _duration("seconds", "5"),
    "LAMBDA_PROCESS_CLIENT": _choice("auto", "awslambdaric", "builtin"),
    # LocalStack's own settings, which it reads at startup.
    "DYNAMODB_ERROR_PROBABILITY": _PROBABILITY,
    "DYNAMODB_READ_ERROR_PROBABILITY": _PROBABILITY,
    "DYNAMODB_WRITE_ERROR_PROBABILITY": _PROBABILITY,
    "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": _duration("seconds"),
    "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_ERROR_SEC": _duration("seconds"),
    "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": _duration("seconds"),
    **{
        name: _whole()
        for name in (
            "CFN_PER_RESOURCE_TIMEOUT",
            "DYNAMODB_LOCAL_PORT",
            "DYNAMODB_SHARE_DB",
            "LAMBDA_INIT_DELVE_PORT",
            "LAMBDA_KEEPALIVE_MS",
            "LAMBDA_LIMITS_CODE_SIZE_UNZIPPED",
            "LAMBDA_LIMITS_CODE_SIZE_ZIPPED",
            "LAMBDA_LIMITS_CONCURRENT_EXECUTIONS",
            "LAMBDA_LIMITS_CREATE_FUNCTION_REQUEST_SIZE",
            "LAMBDA_LIMITS_MAX_FUNCTION_ENVVAR_SIZE_BYTES",
            "LAMBDA_LIMITS_MAX_FUNCTION_PAYLOAD_SIZE_BYTES",
            "LAMBDA_LIMITS_MINIMUM_UNRESERVED_CONCURRENCY",
            "LAMBDA_LIMITS_TOTAL_CODE_SIZE",
            "LAMBDA_RETRY_BASE_DELAY",
            "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT",
            "LAMBDA_RUNTIME_VALIDATION",
            "LAMBDA_TRUNCATE_STDOUT",
            "SQS_CLOUDWATCH_METRICS_REPORT_INTERVAL",
        )
    },
}


def text(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The value of a setting, or its default if it is blank."""
    return environ.get(name, "").strip() or SETTINGS[name].default


def number(name: str, environ: Mapping[str, str] = os.environ) -> float:
    """The same as `text`, as a number."""
    return float(text(name, environ))


def wrong(environ: Mapping[str, str]) -> list[str]:
    """A line for each invalid setting, which says what it must be."""
    return [
        f"{name} is {value!r}; it must be {setting.must_be}"
        for name, setting in SETTINGS.items()
        if (value := environ.get(name, "").strip()) and not setting.takes(value)
    ]
