from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetpipe.looking.log_lines import readable, tells_failure
from tweetpipe.looking.logs import LogEvent

AT = datetime(2026, 11, 23, 5, 32, tzinfo=UTC)


def event(message: str | dict[str, Any]) -> LogEvent:
    text = message if isinstance(message, str) else json.dumps(message)
    return LogEvent(id="1", at=AT, stream="instance", message=text)


def test_a_batch_is_one_line_of_its_counts() -> None:
    counts = {"records": 500, "stored": 498, "duplicates": 0, "rejected": 2, "retries": 0}
    batch = {"level": "INFO", "message": "batch processed", "milliseconds": 71, "shard": "s-1"}

    line = readable(event(batch | counts))

    assert line is not None
    assert (line.at, line.level) == (AT, "INFO")
    assert line.text == "batch processed  500 records, 498 stored, 2 rejected, 71 ms  shard: s-1"


def test_a_failure_shows_the_error_and_the_remedy() -> None:
    failure = {
        "level": "ERROR",
        "message": "records left for a retry",
        "error": "AccessDenied: no",
        "remedy": "let the role write",
    }

    line = readable(event(failure))

    assert line is not None
    assert line.level == "ERROR"
    assert "error: AccessDenied: no  remedy: let the role write" in line.text


@pytest.mark.parametrize(
    "message",
    [
        "START RequestId: 1 Version: $LATEST",
        "END RequestId: 1",
        "REPORT RequestId: 1\tDuration: 74.07 ms\tBilled Duration: 75 ms",
        "INIT_START Runtime Version: python:3.13.v1",
        {"_aws": {"CloudWatchMetrics": []}, "Stored": [50.0]},
        {"type": "platform.start", "record": {"requestId": "1"}},
        {"type": "platform.report", "record": {"requestId": "1", "status": "success"}},
    ],
)
def test_metrics_and_the_frame_around_a_call_are_left_out(message: str | dict[str, Any]) -> None:
    assert readable(event(message)) is None


@pytest.mark.parametrize(
    ("message", "level", "says"),
    [
        ("2026-11-23T05:32:00.000Z 1 Task timed out after 60.06 seconds", "ERROR", "timed out"),
        ("REPORT RequestId: 1\tDuration: 60000 ms\tStatus: timeout", "ERROR", "Status: timeout"),
        ({"type": "platform.report", "record": {"status": "timeout"}}, "ERROR", "timeout"),
        (
            "[ERROR] Runtime.ImportModuleError: no\n  module",
            "ERROR",
            "ImportModuleError: no module",
        ),
        ({"errorMessage": "no", "errorType": "Bad"}, "ERROR", "no  (Bad)"),
        ("[1, 2]", "INFO", "[1, 2]"),
        pytest.param("[" * 100_000, "INFO", "[[[", id="brackets without end"),
        ("just text", "INFO", "just text"),
    ],
)
def test_what_breaks_is_shown(message: str | dict[str, Any], level: str, says: str) -> None:
    line = readable(event(message))

    assert line is not None
    assert line.level == level
    assert says in line.text


@pytest.mark.parametrize(
    "message",
    [
        "[ERROR] KeyError: 'Records'\rTraceback (most recent call last):",
        "2026-11-23T05:32:00.000Z 1 Task timed out after 60.06 seconds",
        "REPORT RequestId: 1\tDuration: 3 ms\tStatus: error\tError Type: Runtime.ExitError",
        {"type": "platform.report", "record": {"status": "failure"}},
    ],
)
def test_a_failed_call_is_known_by_its_line(message: str | dict[str, Any]) -> None:
    assert tells_failure(event(message))


@pytest.mark.parametrize(
    "message",
    [
        "REPORT RequestId: 1\tDuration: 74.07 ms\tBilled Duration: 75 ms",
        "[ERROR]\t2026-11-23T05:32:00.000Z\t1\twhat a library of the function logs",
        {"level": "ERROR", "message": "records left for a retry"},
        {"type": "platform.report", "record": {"status": "success"}},
    ],
)
def test_what_the_function_says_itself_is_no_failed_call(message: str | dict[str, Any]) -> None:
    assert not tells_failure(event(message))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
fields = st.sampled_from(["message", "level", "type", "record", "records", "reason", "errorType"])


@given(st.text() | st.dictionaries(fields, json_values).map(json.dumps))
def test_any_line_can_be_shown(message: str) -> None:
    line = readable(event(message))

    assert line is None or "\n" not in line.text
