"""What the last status of a CloudFormation operation means, and what to do about it.

The status alone says how an operation ended. Events say why: a resource may fail and be retried
with success, and an update that was canceled has no failing resource at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tweetpipe.aws.errors import DeployFailed
from tweetpipe.aws.explain import engine_lacks, lacks_permission
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.deploying.events import Event

DEPLOYED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
DELETED = frozenset({"DELETE_COMPLETE"})

# None of these takes an update; what is said of the others is said where they end.
_NOT_TAKEN_BACK = frozenset({"UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"})
_NEEDS_A_HAND = frozenset({"DELETE_FAILED", "UPDATE_FAILED"}) | _NOT_TAKEN_BACK


def check_end(
    place: Place, name: str, status: str, events: Iterable[Event], *, wanted: frozenset[str]
) -> None:
    """Raises DeployFailed, with the first cause and the remedy, unless the status is wanted."""
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


def check_start(place: Place, existing: Stack) -> None:
    """Raises DeployFailed when the stack is in a state that no update leads out of."""
    if existing.status in _NEEDS_A_HAND:
        reason = f" ({existing.reason.rstrip('.')})" if existing.reason else ""
        named = re.search(r"\[([\w, ]+)\]", existing.reason)
        resources = named[1].split(", ") if named else []
        raise DeployFailed(
            f"The stack {existing.name} is in state {existing.status}{reason}. "
            f"{remedy(place, existing.name, existing.status, resources=resources)}"
        )


def not_removed(events: Iterable[Event]) -> list[Event]:
    """The last tries to delete what the stack no longer has, of those that failed."""
    last = {event.logical_id: event for event in events}
    return [event for event in last.values() if event.status == "DELETE_FAILED"]


def remedy(place: Place, name: str, status: str, *, resources: list[str], why: str = "") -> str:
    """What to do about a stack in this state, in one line; `resources` failed, and `why`."""
    again = f"tweetpipe deploy{options(place.target, name)}"
    destroy = f"tweetpipe destroy{options(place.target, name)}"
    aws = f"aws cloudformation {{}} --stack-name {name}".format
    match status:
        case "ROLLBACK_COMPLETE" | "CREATE_FAILED":
            data = ", its data included," if place.is_local else ""
            return f"Fix that, then deploy again, which removes what is left{data} first: {again}."
        case "ROLLBACK_FAILED":
            return f"Not all of it could be removed again: run {destroy}, then {again}."
        case "UPDATE_ROLLBACK_COMPLETE":
            return f"The stack is as it was before, its parameters as well. To try again: {again}."
        case "UPDATE_FAILED":
            return f"Take it back with {aws('rollback-stack')}, then run {again}."
        case "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED":
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
            skipped = " ".join(resources or ["LOGICAL_ID"])
            reasons = f" ({why})" if why else ""
            return (
                f"It could not be taken back either{reasons}: fix that, then run "
                f"{aws('continue-update-rollback')}, with --resources-to-skip {skipped} only for "
                f"what can't be fixed. Once it is taken back: {again}."
            )
        case "DELETE_FAILED":
            kept = " ".join(resources or ["LOGICAL_ID"])
            return (
                f"Fix that, then run {destroy} again; or leave behind what can't be deleted: "
                f"{aws('delete-stack')} --retain-resources {kept}."
            )
        case "DELETE_COMPLETE":
            return f"Somebody deleted the stack meanwhile. Create it anew: {again}."
    return f"See what has become of it: {aws('describe-stack-events')}."


def _failed_on_the_way_back(name: str, events: list[Event]) -> list[Event]:
    """What failed since the stack began to undo its update, not what made it do so."""
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
        # Not the failing of a resource: somebody canceled it, or CloudFormation gave a reason.
        if event.logical_id == name and event.reason and "ROLLBACK" in event.status:
            return f"The stack {name} ended in {status} ({event.reason.rstrip('.')})"
    return f"The stack {name} ended in {status}"
