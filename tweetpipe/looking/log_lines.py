"""Formats a line of the function's log for people.

Lines are the processor's own JSON (processor/report.py), Powertools' metrics as JSON, Lambda's own
lines as text or JSON, and Python's output when the function crashes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tweetpipe.looking.logs import LogEvent

# Lambda's lines around a call; the batch's own line says the same.
_FRAME = re.compile(r"(START|END|INIT_START|REPORT|XRAY|EXTENSION|TELEMETRY)\b")
_FAILED = re.compile(r"\bStatus: (error|timeout)\b|Task timed out after")
# The line of Python's runtime when a call ends with an exception. A line that the function logs at
# level ERROR has a tab there.
_RAISED = "[ERROR] "
_LEVEL = re.compile(r"\[(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL)\]\s*")

# The processor's counts that are shown even if 0.
_ALWAYS = ("records", "stored")
_COUNTS = (*_ALWAYS, "duplicates", "rejected", "retries", "unhandled")
_SINGULAR = {"records": "record", "duplicates": "duplicate", "retries": "retry"}
_DETAILS = ("reason", "error", "remedy", "shard", "sequence_number", "subsequence_number")


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """The useful parts of a log event."""

    at: datetime
    level: str
    text: str


def readable(event: LogEvent) -> LogLine | None:
    """Parse an event; None for metrics and for Lambda's lines around a call."""
    content = content_of(event)
    if isinstance(content, str):
        return _from_text(event, content)
    if "_aws" in content:
        return None
    if str(content.get("type", "")).startswith("platform."):
        return _from_platform(event, content)
    return LogLine(
        at=event.at,
        level=str(content.get("level") or content.get("log_level") or _level_of(content)),
        text=_one_line("  ".join(_parts(content))),
    )


def content_of(event: LogEvent) -> dict[str, Any] | str:
    """The message as a JSON object if it is one, or as text."""
    try:
        content = json.loads(event.message)
    except (ValueError, RecursionError):
        return event.message
    return content if isinstance(content, dict) else event.message


def tells_failure(event: LogEvent) -> bool:
    """Whether the line says that a call of the function failed; several lines of one call may.

    Unlike Lambda, not all emulators say so in the call's last line.
    """
    content = content_of(event)
    if isinstance(content, str):
        return content.startswith(_RAISED) or bool(_FAILED.search(content))
    return content.get("type") == "platform.report" and _status(content) != "success"


def ends_call(event: LogEvent) -> bool:
    """Whether the line is Lambda's last of a call."""
    content = content_of(event)
    if isinstance(content, str):
        return content.startswith("REPORT")
    return content.get("type") == "platform.report"


def _parts(content: dict[str, Any]) -> list[str]:
    parts = [str(content.get("message") or content.get("errorMessage") or "")]
    counts = {name: content[name] for name in _COUNTS if name in content}
    shown = [
        f"{value} {_SINGULAR.get(name, name) if value == 1 else name}"
        for name, value in counts.items()
        if value or name in _ALWAYS
    ]
    if "milliseconds" in content:
        shown.append(f"{content['milliseconds']} ms")
    if shown:
        parts.append(", ".join(shown))
    parts += [
        f"{name}: {content[name]}" for name in _DETAILS if content.get(name) not in (None, "")
    ]
    kind = content.get("errorType") or content.get("exception_name")
    if kind:
        parts.append(f"({kind})")
    return parts


def _from_platform(event: LogEvent, content: dict[str, Any]) -> LogLine | None:
    status = _status(content)
    if status == "success":
        return None
    return LogLine(at=event.at, level="ERROR", text=f"{content['type']}: {status}")


def _level_of(content: dict[str, Any]) -> str:
    return "ERROR" if "errorType" in content else "INFO"


def _status(content: dict[str, Any]) -> str:
    record = content.get("record")
    return str(record.get("status", "success")) if isinstance(record, dict) else "success"


def _from_text(event: LogEvent, message: str) -> LogLine | None:
    failed = _FAILED.search(message)
    if _FRAME.match(message) and not failed:
        return None
    level = _LEVEL.search(message)
    text = _LEVEL.sub("", message, count=1)
    return LogLine(
        at=event.at,
        level="ERROR" if failed else level["level"] if level else "INFO",
        text=_one_line(text),
    )


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip() if "\n" in text or "\t" in text else text.strip()
