"""Events that Lambda should never send: records that lack fields, or hold something else there."""

from __future__ import annotations

import base64
from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fuzz.payloads import Draws

_FIELDS: tuple[tuple[str, ...], ...] = (
    *(("kinesis", name) for name in ("data", "partitionKey", "sequenceNumber")),
    ("kinesis", "approximateArrivalTimestamp"),
    *((name,) for name in ("kinesis", "eventID", "eventSourceARN")),
)
_ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1_700_000_000_123, 1e300, float("nan"), float("inf"), 10**400),
    *("", "x", "é", "\ud800", "٣", "-1", "1.0", "0012", "9" * 128, "9" * 129, "9" * 5000),
    *("e30", "e30=\n", "e30=", "x" * 600, "2024-01-01T00:00:00Z", "shardId-1", ":5", [], [1], {}),
    {"kinesis": {}},
    {"data": "e30="},
    {"body": "{}", "eventSource": "aws:sqs"},
)
_MOST_CHARACTERS = 512


def odd_records(draws: Draws, records: list[Any]) -> list[Any]:
    """The records with some of them spoiled, in most cases none."""
    for _ in range(max(0, draws.ConsumeIntInRange(0, 7) - 4)):
        place = draws.ConsumeIntInRange(0, len(records) - 1)
        choice = draws.ConsumeIntInRange(0, len(_FIELDS))
        value = deepcopy(_ODD[draws.ConsumeIntInRange(0, len(_ODD) - 1)])
        if choice == len(_FIELDS):
            records[place] = value
            continue
        *parents, name = _FIELDS[choice]
        fields = records[place]
        for parent in parents:
            fields = fields.get(parent) if isinstance(fields, dict) else None
        if isinstance(fields, dict):
            fields[name] = value
            if draws.ConsumeIntInRange(0, 1):
                del fields[name]
    return records


def data_in(record: Any) -> bytes | None:
    """A record's data; None where there is none that can be read."""
    text = _field(_field(record, "kinesis"), "data")
    try:
        data = base64.standard_b64decode(text)
    except (TypeError, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def letter_fields(record: Any) -> dict[str, str]:
    """What a dead letter must say of where a record came from."""
    kinesis = _field(record, "kinesis")
    number = _string(_field(kinesis, "sequenceNumber"))
    return {
        "streamArn": _string(_field(record, "eventSourceARN")),
        "shardId": _string(_field(record, "eventID")).split(":")[0],
        "sequenceNumber": number if set(number) <= set("0123456789") and len(number) < 129 else "",
        "partitionKey": _string(_field(kinesis, "partitionKey")),
        "arrivedAt": _time(_field(kinesis, "approximateArrivalTimestamp")),
    }


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _string(value: Any) -> str:
    return value[:_MOST_CHARACTERS] if isinstance(value, str) else ""


def _time(value: Any) -> str:
    if not isinstance(value, int | float):
        return ""
    try:
        moment = datetime.fromtimestamp(float(value), UTC)
    except (OverflowError, ValueError, OSError):
        try:
            moment = datetime.fromtimestamp(float(value) / 1000, UTC)
        except (OverflowError, ValueError, OSError):
            return ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z".rjust(24, "0")
