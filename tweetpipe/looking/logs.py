"""Reads the function's log: a retriever, what it has by now, and what comes.

Following may miss a line that CloudWatch takes in more than LATE after a newer one: it asks again
only for that long. A line is never given twice.
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

# How late a line may come after a newer one; CloudWatch names no figure.
LATE = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class LogEvent:
    """A line as the function wrote it; `stream` is one instance of the function."""

    id: str
    at: datetime
    stream: str
    message: str


class LogRetriever:
    """Asks CloudWatch Logs for the lines of one stack's function."""

    def __init__(self, place: Place, deployed: Stack, *, config: Config | None = None) -> None:
        self._client = place.logs(config)
        self._options = options(place.target, deployed.name)
        self._group = f"/aws/lambda/{deployed.outputs['DDBEventProcessor']}"

    def since(
        self, start: datetime, *, pattern: str = "", at_most: int | None = None
    ) -> Iterator[LogEvent]:
        """Every line from then on, oldest first; raises NothingThere if there is no log.

        With `at_most`, one question is asked, and no more lines are given. CloudWatch leaves out
        what does not match the `pattern`, if there is one; emulators may not.
        """
        request: FilterLogEventsRequestTypeDef = {
            "logGroupName": self._group,
            # By time across the log streams, as CloudWatch does it in any case, and emulators when
            # asked to.
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
                    f"There is no log group {self._group}. What brings it back: tweetpipe deploy"
                    f"{self._options}."
                ) from error
            for event in page.get("events", []):
                yield LogEvent(
                    id=event["eventId"],
                    at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
                    stream=event.get("logStreamName", ""),
                    message=event["message"].rstrip(),
                )
            # A page may be empty with more to come; the last one has no token.
            token = page.get("nextToken")
            if not token or at_most:
                return
            request["nextToken"] = token


def by_now(retriever: LogRetriever, start: datetime) -> Iterator[LogEvent]:
    """The lines that there are, each once."""
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
    """The lines that there are and, without end, those that come; asks every `interval` seconds."""
    seen: dict[str, datetime] = {}
    newest = start
    while True:
        again_from = max(start, newest - LATE)
        for event in retriever.since(again_from):
            if event.id not in seen:
                seen[event.id] = event.at
                newest = max(newest, event.at)
                yield event
        # What is older than the next question asks for can't come again.
        seen = {id_: at for id_, at in seen.items() if at >= newest - LATE}
        sleep(interval)
