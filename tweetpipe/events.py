"""Follows what CloudFormation does to a stack."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tweetpipe.place import Place
from tweetpipe.stack import does_not_exist

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

_CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of one resource."""

    id: str
    at: datetime
    logical_id: str
    type: str
    status: str
    reason: str

    @property
    def is_cause(self) -> bool:
        """Whether a failure starts here, rather than being cancelled because of another."""
        return self.status.endswith("_FAILED") and _CANCELLED not in self.reason.lower()


def seen(place: Place, stack_id: str) -> set[str]:
    """The ids of the events there are by now."""
    return {event.id for event in _all(place, stack_id)}


def follow(
    place: Place,
    stack_id: str,
    *,
    already_seen: set[str],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Event]:
    """New events in their order, until the stack's operation has ended."""
    known = set(already_seen)
    while True:
        # The state is asked first: every event of an ended operation is then in the list.
        ended = not _status(place, stack_id).endswith("_IN_PROGRESS")
        for event in _all(place, stack_id):
            if event.id not in known:
                known.add(event.id)
                yield event
        if ended:
            return
        sleep(0.3 if place.is_local else 3)


def _status(place: Place, stack_id: str) -> str:
    try:
        found = place.cloudformation().describe_stacks(StackName=stack_id)["Stacks"]
    except ClientError as error:
        if does_not_exist(error):
            return "DELETE_COMPLETE"
        raise
    return found[0]["StackStatus"] if found else "DELETE_COMPLETE"


def _all(place: Place, stack_id: str) -> list[Event]:
    """Oldest first; none when CloudFormation has forgotten the stack."""
    pages = place.cloudformation().get_paginator("describe_stack_events")
    try:
        found = [
            event for page in pages.paginate(StackName=stack_id) for event in page["StackEvents"]
        ]
    except ClientError as error:
        if does_not_exist(error):
            return []
        raise
    return [_event(event) for event in reversed(found)]


def _event(event: StackEventTypeDef) -> Event:
    return Event(
        id=event["EventId"],
        at=event["Timestamp"],
        logical_id=event.get("LogicalResourceId", ""),
        type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason", ""),
    )
