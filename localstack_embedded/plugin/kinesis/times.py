"""Times in requests: numbers in JSON, and what LocalStack makes of AWS's milliseconds in CBOR."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def seconds_in(arguments: Mapping[str, Any], name: str) -> float | None:
    """A time in seconds since 1970, if the request has one."""
    value = arguments.get(name)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return None if value is None else float(value)


def utc(seconds: float) -> str:
    """A time as AWS's messages show it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%a %b %d %H:%M:%S UTC %Y}"
