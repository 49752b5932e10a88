"""Turns a page view or a click into an item of the table, in the Lambda function."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from processor.errors import Rejected

KEY = {"Session": "S", "Event": "S"}


def to_item(data: bytes) -> dict[str, object]:
    """Make the item for one event; raises Rejected if it can never be stored."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Rejected("not-json", type(error).__name__) from error
    if not isinstance(event, dict):
        raise Rejected("not-an-event", "not a JSON object")
    item = {
        "Session": _field(event, "session", str),
        # Sorts by time; the number keeps two events of one millisecond apart.
        "Event": f"{_utc(_field(event, 'time', str))}#{_field(event, 'number', int):06}",
        "Type": _field(event, "type", str),
        "Url": _field(event, "url", str),
    }
    if item["Type"] == "click":
        item["Element"] = _field(event, "element", str)
    return item


def _field(event: dict[str, Any], name: str, kind: type) -> Any:
    value = event.get(name)
    if type(value) is not kind or value == "":
        raise Rejected(f"bad-{name}", f"{name} is missing, empty, or not of type {kind.__name__}")
    return value


def _utc(time: str) -> str:
    try:
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        utc = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise Rejected("bad-time", "time is not ISO 8601 with a time zone") from error
    return f"{utc.isoformat(timespec='milliseconds')}Z"
