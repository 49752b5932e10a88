"""Reads the function's log: a retriever, the existing lines, and new ones.

Following may miss a line that reaches CloudWatch more than LATE after a newer one, because it looks
back only that far. A line is never returned twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.config import Config

from tweetpipe.aws.errors import NothingThere
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilterLogEventsRequestTypeDef

# How late a line may come after a newer one; CloudWatch documents no figure.
LATE = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class LogEvent:
    """A line as the function wrote it; `stream` identifies an instance of the function."""

    id: str
    at: datetime
    stream: str
    message: str


class LogRetriever:
    """Reads the log lines of one stack's function from CloudWatch Logs."""

    def __init__(self, place: Place, deployed: Stack, *, config: Config | None = None) -> None:
        self._client = place.logs(config)
        self._options = options(place.target, deployed.name)
        self._group = f"/aws/lambda/{deployed.outputs['DDBEventProcessor']}"

    def since(
        self, start: datetime, *, pattern: str = "", at_most: int | None = None
    ) -> Iterator[LogEvent]:
        """Every line from then on, oldest first; raises NothingThere if there is no log.

        With `at_most`, makes one request and returns no more lines. CloudWatch returns only lines
        that match the `pattern`, if any; emulators may return all.
        """
        request: FilterLogEventsRequestTypeDef = {
            "logGroupName": self._group,
            # Sort by time across the log streams: CloudWatch always does, emulators only on
            # request.
            "interleaved": True,
            "startTime": int(start.timestamp() * 1000),
        }
        if pattern:
            request["filterPattern"] = pattern
        if at_most:
            request["limit"] = at_most
        while True:
            try:
                page = self._client.filter_log_events(**request)
            except self._client.exceptions.ResourceNotFoundException as error:
                raise NothingThere(
                    f"The log group {self._group} does not exist. To create it again, run:\n"
                    f"  tweetpipe deploy{self._options}"
                ) from error
            for event in page.get("events", []):
                yield LogEvent(
                    id=event["eventId"],
                    at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
                    stream=event.get("logStreamName", ""),
                    message=event["message"].rstrip(),
                )
            # A page may be empty with more to follow; the last one has no token.
            token = page.get("nextToken")
            if not token or at_most:
                return
            request["nextToken"] = token


def by_now(retriever: LogRetriever, start: datetime) -> Iterator[LogEvent]:
    """The existing lines, each once."""
    seen: set[str] = set()
    for event in retriever.since(start):
        if event.id not in seen:
            seen.add(event.id)
            yield event


def follow(
    retriever: LogRetriever,
    start: datetime,
    *,
    interval: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[LogEvent]:
    """The existing lines, then new ones endlessly; polls every `interval` seconds."""
    seen: dict[str, datetime] = {}
    newest = start
    while True:
        again_from = max(start, newest - LATE)
        for event in retriever.since(again_from):
            if event.id not in seen:
                seen[event.id] = event.at
                newest = max(newest, event.at)
                yield event
        # Lines older than the next request's start can't come again.
        seen = {id_: at for id_, at in seen.items() if at >= newest - LATE}
        sleep(interval)
