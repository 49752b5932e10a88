"""Waits for a CloudFormation operation, and explains its final status and what to do.

Only the status tells how an operation ended. The events tell why: a resource may fail and succeed
on a retry, and a canceled update has no failed resource at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tweetpipe.aws.errors import DeployFailed
from tweetpipe.aws.explain import engine_lacks, lacks_permission
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.deploying import events as stack_events
from tweetpipe.deploying.events import Event

DEPLOYED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
DELETED = frozenset({"DELETE_COMPLETE"})

# A stack in one of these states accepts no update.
_NOT_TAKEN_BACK = frozenset({"UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"})
_NEEDS_A_HAND = frozenset({"DELETE_FAILED", "UPDATE_FAILED"}) | _NOT_TAKEN_BACK


def wait(
    place: Place,
    name: str,
    stack_id: str,
    before: set[str],
    on_event: Callable[[Event], None],
    *,
    wanted: frozenset[str],
) -> list[Event]:
    """Waits for an operation and returns its events; raises DeployFailed unless it succeeds.

    Leaves out the events whose ids are in `before`.
    """
    happened: list[Event] = []

    def note(event: Event) -> None:
        happened.append(event)
        on_event(event)

    status = stack_events.follow(place, stack_id, already_seen=before, on_event=note)
    check_end(place, name, status, happened, wanted=wanted)
    return happened


def check_end(
    place: Place, name: str, status: str, events: Iterable[Event], *, wanted: frozenset[str]
) -> None:
    """Raises DeployFailed, with the first cause and the remedy, unless the status is as wanted."""
    if status in wanted:
        return
    seen = list(events)
    failed = [event for event in seen if event.is_failure and event.logical_id != name]
    if status in _NOT_TAKEN_BACK:
        failed = _failed_on_the_way_back(name, seen)
    resources = [*dict.fromkeys(event.logical_id for event in failed)]
    why = "; ".join(f"{event.logical_id}: {event.reason.rstrip('.')}" for event in failed)
    raise DeployFailed(
        f"{_cause(name, status, seen)}. {remedy(place, name, status, resources=resources, why=why)}"
    )


@contextmanager
def second_tries(
    place: Place, on_event: Callable[[Event], None], on_step: Callable[[str], None]
) -> Iterator[tuple[Callable[[Event], None], list[str]]]:
    """Holds back an emulator's failed deletions until the end of the block.

    Yields the callback for events, and a list for the physical ids of what the block deletes
    itself. Their failures are no longer true, so a line for a person replaces them.
    """
    failed: list[Event] = []
    deleted: list[str] = []

    def note(event: Event) -> None:
        if place.is_local and event.status == "DELETE_FAILED":
            failed.append(event)
        else:
            on_event(event)

    try:
        yield note, deleted
    finally:
        for event in failed:
            if event.physical_id in deleted:
                on_step(
                    f"Deleted {event.physical_id} ({event.type}) directly, because the emulator's "
                    "CloudFormation could not delete it."
                )
            else:
                on_event(event)


def check_start(place: Place, existing: Stack) -> None:
    """Raises DeployFailed if the stack is in a state that accepts no update."""
    if existing.status in _NEEDS_A_HAND:
        reason = f" ({existing.reason.rstrip('.')})" if existing.reason else ""
        named = re.search(r"\[([\w, ]+)\]", existing.reason)
        resources = named[1].split(", ") if named else []
        raise DeployFailed(
            f"The stack {existing.name} is in state {existing.status}{reason}. "
            f"{remedy(place, existing.name, existing.status, resources=resources)}"
        )


def not_removed(events: Iterable[Event]) -> list[Event]:
    """The resources that the stack no longer has but that could not be deleted."""
    last = {event.logical_id: event for event in events}
    return [event for event in last.values() if event.status == "DELETE_FAILED"]


def remedy(place: Place, name: str, status: str, *, resources: list[str], why: str = "") -> str:
    """What to do about a stack in this state; `resources` are the ones that failed, and `why`."""
    again = f"tweetpipe deploy{options(place.target, name)}"
    destroy = f"tweetpipe destroy{options(place.target, name)}"
    aws = f"aws cloudformation {{}} --stack-name {name}".format
    match status:
        case "ROLLBACK_COMPLETE" | "CREATE_FAILED":
            data = ", including its data" if place.is_local else ""
            return (
                "Fix that, then deploy again. This first removes what is left of the stack"
                f"{data}:\n  {again}"
            )
        case "ROLLBACK_FAILED":
            return f"Some resources could not be removed. Run:\n  {destroy}\n  {again}"
        case "UPDATE_ROLLBACK_COMPLETE":
            return (
                "The stack and its parameters are as they were before. To try again, run:\n"
                f"  {again}"
            )
        case "UPDATE_FAILED":
            return f"To roll it back and deploy again, run:\n  {aws('rollback-stack')}\n  {again}"
        case "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED":
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
            skipped = " ".join(resources or ["LOGICAL_ID"])
            reasons = f" ({why})" if why else ""
            return (
                f"The rollback failed, too{reasons}. Fix that, continue the rollback, and deploy "
                f"again once it is done:\n  {aws('continue-update-rollback')}\n  {again}\n"
                f"Only for resources that can't be fixed, add --resources-to-skip {skipped} to the "
                "first command."
            )
        case "DELETE_FAILED":
            kept = " ".join(resources or ["LOGICAL_ID"])
            return (
                f"Fix that, then delete the stack again:\n  {destroy}\n"
                "Or keep the resources that can't be deleted:\n"
                f"  {aws('delete-stack')} --retain-resources {kept}"
            )
        case "DELETE_COMPLETE":
            return f"Someone else deleted the stack meanwhile. To create it again, run:\n  {again}"
    return f"To see what happened, run:\n  {aws('describe-stack-events')}"


def _failed_on_the_way_back(name: str, events: list[Event]) -> list[Event]:
    """The failures during the rollback, not the failure that caused it."""
    began = [
        place
        for place, event in enumerate(events)
        if event.logical_id == name and event.status.endswith("ROLLBACK_IN_PROGRESS")
    ]
    since = events[began[-1] :] if began else []
    return [event for event in since if event.is_cause and event.logical_id != name]


def _cause(name: str, status: str, events: list[Event]) -> str:
    for event in events:
        if event.is_cause:
            reason = lacks_permission(event.reason) or engine_lacks(event.reason) or event.reason
            return f"{event.logical_id} ({event.type}) failed: {reason}".rstrip(". ")
    for event in events:
        # No resource failed: the update was canceled, or CloudFormation gave another reason.
        if event.logical_id == name and event.reason and "ROLLBACK" in event.status:
            return f"The stack {name} ended in {status} ({event.reason.rstrip('.')})"
    return f"The stack {name} ended in {status}"
