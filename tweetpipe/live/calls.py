"""Reads the function's calls from its log, which is seconds old; CloudWatch's metrics are minutes
old.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tweetpipe.aws.stack import Stack
from tweetpipe.live.reads import MeteredPlace, Pace
from tweetpipe.looking.log_lines import content_of, ends_call, tells_failure
from tweetpipe.looking.logs import LATE, LogEvent, LogRetriever

_BATCH = "batch processed"  # processor/report.py
# CloudWatch returns only matching lines; an emulator may return all. "?" means any of the terms.
_PATTERN = f'?"{_BATCH}" ?"Status: error" ?"Status: timeout" ?"platform.report"'
_WINDOW = 10.0  # seconds, and at least three reads of the log
_KEPT = 60.0  # seconds
_LINES = 1000  # of the log that are read at a time, well below a megabyte


@dataclass(frozen=True, slots=True)
class _Call:
    """A batch, or a failed call; `seen` is when it was read."""

    seen: float
    failed: bool
    stored: int = 0
    rejected: int = 0
    unhandled: int = 0
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Calls:
    """The function's last seconds; None if its log has no batches.

    `failed` and `unhandled` count the last minute; a failed call counts for longer if none came
    after it.
    """

    per_s: float | None = None
    failed_per_s: float | None = None
    stored_per_s: float | None = None
    rejected_per_s: float | None = None
    milliseconds: float | None = None
    failed: int = 0
    unhandled: int = 0


class CallLog:
    """Follows the function's log from a minute ago, one request at a time."""

    def __init__(self, place: MeteredPlace, deployed: Stack, pace: Pace, *, since: float) -> None:
        self._place = place
        self._retriever = LogRetriever(place, deployed)
        self._window = max(_WINDOW, 3 * pace.log)
        self._pattern = "" if place.is_local else _PATTERN
        # CloudWatch receives lines late.
        self._overlap = 1.0 if place.is_local else LATE.total_seconds()
        self._began = since
        self._started = self._newest = since - _KEPT
        self._told: set[str] = set()  # log streams where the call under way was told as failed
        self._seen: dict[str, float] = {}
        self._calls: deque[_Call] = deque()
        self._speaks = False
        self._sampled = 0.0  # seconds that the last read is a sample of
        self.rejected = 0
        self.failed = 0

    def read(self, now: float) -> None:
        """Read new log lines; if there are too many, a sample."""
        if not self._place.meter.allows("logs"):
            return
        page = self._page(now)
        new = [event for event in page if event.id not in self._seen]
        calls = [call for event in new if (call := self._call(event, now)) is not None]
        self._speaks = self._speaks or any(not call.failed for call in calls)
        self.failed += sum(call.failed for call in calls if call.seen >= self._began)
        self.rejected += sum(call.rejected for call in calls if call.seen >= self._began)
        self._calls.extend(calls)
        self._sampled = 0.0
        if len(page) >= _LINES:
            # A request starts with the oldest lines, and would never reach the newest.
            self._sampled = max((page[-1].at - page[0].at).total_seconds(), 0.001)
            self._calls = deque(calls)
            self._started = self._newest = now
            self._seen.clear()
            return
        self._seen |= {event.id: event.at.timestamp() for event in new}
        self._newest = max([self._newest, *(event.at.timestamp() for event in new)])
        oldest = self._newest - self._overlap - 1
        self._seen = {name: at for name, at in self._seen.items() if at >= oldest}

    def calls(self, now: float) -> Calls:
        """The last seconds, by time of reading."""
        while self._calls and self._calls[0].seen < now - _KEPT and not self._ends_failed():
            self._calls.popleft()
        seconds = self._sampled or min(self._window, max(now - self._started, 1.0))
        recent = [c for c in self._calls if self._sampled or c.seen > now - seconds]
        batches = [call for call in recent if not call.failed]
        failed = len(recent) - len(batches)
        failing = sum(call.failed for call in self._calls)
        if not self._speaks and not failing:
            return Calls()
        return Calls(
            per_s=len(recent) / seconds,
            failed_per_s=failed / seconds,
            stored_per_s=sum(call.stored for call in batches) / seconds,
            rejected_per_s=sum(call.rejected for call in batches) / seconds,
            milliseconds=(
                sum(call.milliseconds for call in batches) / len(batches) if batches else None
            ),
            failed=failing,
            unhandled=sum(call.unhandled for call in self._calls),
        )

    def _page(self, now: float) -> list[LogEvent]:
        start = max(self._started, self._newest - self._overlap)
        while True:
            since = datetime.fromtimestamp(start, UTC)
            page = list(self._retriever.since(since, pattern=self._pattern, at_most=_LINES))
            if len(page) < _LINES or start >= self._began or not self._place.meter.allows("logs"):
                return page
            # Of the time before the start, take the newest part that fits: it is what matters now.
            before = (self._began - start) / 4
            start = self._started = self._began - (before if before > 1 else 0)

    def _call(self, event: LogEvent, now: float) -> _Call | None:
        # Lines from before the start count by their own time.
        at = event.at.timestamp()
        seen = now if at >= self._began else at
        content = content_of(event)
        if isinstance(content, dict) and content.get("message") == _BATCH:
            return _batch(content, seen)
        failed = tells_failure(event) and event.stream not in self._told
        if ends_call(event):
            self._told.discard(event.stream)
        elif failed:
            self._told.add(event.stream)
        return _Call(seen=seen, failed=True) if failed else None

    def _ends_failed(self) -> bool:
        return len(self._calls) == 1 and self._calls[0].failed


def _batch(content: dict[str, Any], seen: float) -> _Call:
    def figure(name: str) -> int:
        value = content.get(name)
        return value if isinstance(value, int) else 0

    return _Call(
        seen=seen,
        failed=False,
        stored=figure("stored"),
        rejected=figure("rejected"),
        unhandled=figure("unhandled"),
        milliseconds=figure("milliseconds"),
    )
