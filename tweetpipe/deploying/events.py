"""Follows the events of a CloudFormation stack."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import does_not_exist

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

_QUIET_LOOKS = 10

# CloudFormation spells it with a double l.
_CANCELED = re.compile("cancell?ed", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of one resource of a stack."""

    id: str
    at: datetime
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str

    @property
    def is_failure(self) -> bool:
        return self.status.endswith("_FAILED")

    @property
    def is_cause(self) -> bool:
        """Whether this failed on its own, and was not canceled because another resource failed."""
        return self.is_failure and not _CANCELED.search(self.reason)


def seen(place: Place, stack_id: str) -> set[str]:
    """The ids of the events so far."""
    return {event.id for event in every(place, stack_id)}


def follow(
    place: Place,
    stack_id: str,
    *,
    already_seen: set[str],
    on_event: Callable[[Event], None],
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Reports new events in order until the operation ends; returns the final status.

    Leaves out that an emulator's stack failed, unless that is the final status.
    """
    known = set(already_seen)
    quiet = 0
    held: Event | None = None
    while True:
        # Read the status first, so that the list has all events if the operation has ended.
        status = _status(place, stack_id)
        new = [event for event in every(place, stack_id) if event.id not in known]
        for event in new:
            known.add(event.id)
            # LocalStack sets the stack's status when a resource fails, and then continues.
            if place.is_local and event.is_failure and event.physical_id == stack_id:
                held = event
            else:
                on_event(event)
        quiet = 0 if new else quiet + 1
        may_go_on = place.is_local and status.endswith("_FAILED") and quiet < _QUIET_LOOKS
        if not status.endswith("_IN_PROGRESS") and not may_go_on:
            if held and held.status == status:
                on_event(held)
            return status
        sleep(0.3 if place.is_local else 3)


def _status(place: Place, stack_id: str) -> str:
    try:
        found = place.cloudformation().describe_stacks(StackName=stack_id)["Stacks"]
    except ClientError as error:
        if does_not_exist(error):
            return "DELETE_COMPLETE"
        raise
    return found[0]["StackStatus"] if found else "DELETE_COMPLETE"


def every(place: Place, stack_id: str) -> list[Event]:
    """All events of a stack, oldest first; none if CloudFormation no longer knows it."""
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
        physical_id=event.get("PhysicalResourceId", ""),
        type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason", ""),
    )
