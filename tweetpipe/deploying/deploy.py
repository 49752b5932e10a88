"""Takes a stack to what the template says, and away again.

Stages: check the parameters, build the package, plan (`changes`), let the caller approve, upload
the package, execute, follow the events, compare what is there with the template (`emulated`, and
`drift` on AWS). More shards than AWS allows at a time take several of these rounds (`resharding`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tweetpipe.aws import stack
from tweetpipe.aws.errors import DeployFailed, NothingThere
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import (
    artifacts,
    changes,
    drift,
    emulated,
    endings,
    events,
    leftovers,
    owner,
    package,
    resharding,
)
from tweetpipe.deploying import parameters as parameter_rules
from tweetpipe.deploying.artifacts import Artifact
from tweetpipe.deploying.changes import ChangeSet
from tweetpipe.deploying.emulated import Difference
from tweetpipe.deploying.events import Event
from tweetpipe.deploying.leftovers import Leftover
from tweetpipe.events import chosen as chosen_events
from tweetpipe.project import TEMPLATE

OnEvent = Callable[[Event], None]
OnStep = Callable[[str], None]
Approve = Callable[[ChangeSet], bool]
MayClear = Callable[[Sequence[Leftover]], bool]


def deploy(
    place: Place,
    name: str,
    *,
    parameters: Mapping[str, str],
    approve: Approve,
    on_step: OnStep,
    on_event: OnEvent,
    may_remove: Callable[[Stack], bool] = lambda _: True,
    may_clear: MayClear = lambda _: False,
) -> tuple[Stack, bool]:
    """The deployed stack, and whether anything was changed.

    `may_remove` is asked about a stack that never came up, `may_clear` about what deleted stacks
    have left on an emulator that is not known to be ours. Raises NothingThere when that, or the
    plan, isn't approved, DeployFailed with the first failing resource.
    """
    text = TEMPLATE.read_text(encoding="utf-8")
    chosen = chosen_events()
    parameters = parameter_rules.with_events(parameters, chosen)
    parameter_rules.check(text, parameters)
    existing, removed = _ready_for_change(place, name, may_remove, may_clear, on_step, on_event)
    if existing:
        parameter_rules.check_events(text, existing, chosen)
    parameter_rules.check_together(text, parameters, existing.parameters if existing else None)
    on_step("Building the function's package")
    archive = package.archive(chosen.packaged)
    attempt = _Attempt(
        place=place,
        name=name,
        existing=existing,
        removed=removed,
        archive=archive,
        artifact=artifacts.locate(place, name, archive),
        on_step=on_step,
        on_event=on_event,
    )
    on_step("Planning the changes")
    changed = _go_through(attempt, resharding.stages(place, existing, parameters), approve)
    deployed = stack.get(place, name)
    if place.is_local:
        is_new = existing is None or existing.awaits_review
        changed |= _put_right(place, deployed, archive, on_step, is_new=is_new)
    else:
        changed = changed or _revert_drift(attempt, deployed, approve)
        drift.check_attached(place, deployed, on_step)
        drift.check_code(place, deployed, attempt.artifact, archive)
    return deployed, changed


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """One deployment's package, and whom it tells what."""

    place: Place
    name: str
    existing: Stack | None
    removed: bool
    archive: bytes
    artifact: Artifact
    on_step: OnStep
    on_event: OnEvent

    def plan(
        self, parameters: Mapping[str, str], *, reverts_drift: bool = False
    ) -> ChangeSet | None:
        return changes.create(
            self.place,
            self.name,
            self.existing,
            template=artifacts.template_with(self.artifact),
            parameters=parameters,
            tags=owner.tags(self.place, self.existing),
            reverts_drift=reverts_drift,
        )

    def carry_out(self, plan: ChangeSet, approve: Approve) -> None:
        with changes.discarded_on_failure(self.place, plan):
            if not approve(plan):
                raise NothingThere(
                    "Nothing was deployed; what an earlier attempt left is removed."
                    if self.removed
                    else "Nothing was changed."
                )
            self.on_step(f"Uploading the package ({len(self.archive) / 1e6:.1f} MB)")
            artifacts.upload(self.place, self.artifact, self.archive)
            before = events.seen(self.place, plan.stack_id)
            changes.execute(self.place, plan)
        ended = _follow(
            self.place, self.name, plan.stack_id, before, self.on_event, wanted=endings.DEPLOYED
        )
        for left in endings.not_removed(ended):
            self.on_step(
                f"{left.logical_id} ({left.type}, {left.physical_id}) is no longer part of the "
                f"stack, but could not be deleted: {left.reason}"
            )


def _go_through(attempt: _Attempt, stages: list[Mapping[str, str]], approve: Approve) -> bool:
    """Whether any of the stages changed something. Only the first asks, unless one loses data."""
    if len(stages) > 1:
        counts = " -> ".join(stage["ShardCount"] for stage in stages)
        attempt.on_step(
            f"AWS at most doubles or halves a stream's shards at a time: -> {counts}, one update "
            "after the other. Each takes some minutes, and AWS allows ten in 24 hours."
        )
    reached = ""
    for stage in stages:
        plan = attempt.plan(stage)
        if plan is None:
            continue
        final = replace(plan, parameters={**plan.parameters, **stages[-1]})
        try:
            attempt.carry_out(final, approve if not reached or plan.loses_data else lambda _: True)
        except (DeployFailed, NothingThere) as error:
            if not reached:
                raise
            by_now = f"The stream has {reached} shards by now; the same command goes on."
            if isinstance(error, NothingThere):
                raise NothingThere(f"The next step was not carried out. {by_now}") from error
            raise DeployFailed(f"{error} {by_now}") from error
        reached = stage.get("ShardCount", "some")
    return bool(reached)


def _put_right(
    place: Place, deployed: Stack, archive: bytes, on_step: OnStep, *, is_new: bool
) -> bool:
    """Whether anything on the emulator wasn't as the template says, and tells what it was."""
    mended: list[Difference] = []
    remaining = emulated.put_right(place, deployed, archive, mended.append)
    if is_new:
        # Some of what CloudFormation leaves out is set only now, and some the emulator can't have.
        for difference in remaining:
            on_step(f"The emulator leaves this out: {difference}")
        return True
    for difference in mended:
        on_step(f"Found and put right: {difference}")
    if remaining:
        raise DeployFailed(
            f"Not as the template says: {'; '.join(map(str, remaining))}. "
            "The emulator changes that only by making it anew, without the data: "
            f"{emulated.anew(place, deployed)}."
        )
    return bool(mended)


def _revert_drift(attempt: _Attempt, deployed: Stack, approve: Approve) -> bool:
    """Whether something was changed beside the stack, and now is as the template says."""
    attempt.on_step("Looking for what was changed beside the stack; this may take minutes")
    try:
        found = drift.look(attempt.place, deployed, attempt.on_step)
    except DeployFailed as error:
        attempt.on_step(f"That could not be found out, and so may be: {error}")
        return False
    if not found:
        return False
    for line in found:
        attempt.on_step(f"Changed beside the stack: {line}")
    plan = attempt.plan({}, reverts_drift=True)
    if plan is None:
        raise DeployFailed(
            "CloudFormation can't bring that back by itself. Change it back by hand, and see what "
            f"is left: aws cloudformation detect-stack-drift --stack-name {attempt.name}."
        )
    attempt.carry_out(plan, approve)
    return True


def destroy(
    place: Place,
    name: str,
    *,
    on_event: OnEvent,
    may_delete: Callable[[Stack], bool] = lambda _: True,
    may_clear: MayClear = lambda _: False,
) -> bool:
    """Deletes the stack and its packages; False when there was nothing of it.

    Deletes the one that `may_delete` was asked about, and not one of the same name that
    somebody else made meanwhile. What earlier stacks have left on an emulator goes too, where it is
    ours, or `may_clear` allows it. Raises NothingThere when nothing is approved.
    """
    existing = stack.find(place, name)
    if existing and not may_delete(existing):
        raise NothingThere("Nothing was deleted.")
    # All is asked before anything is done.
    theirs = leftovers.not_ours(place, name)
    cleared = theirs if theirs and may_clear(theirs) else []
    if existing:
        _delete(place, existing, on_event)
    removed = leftovers.clear(place, name, existing, cleared)
    if theirs and not (existing or removed):
        raise NothingThere("Nothing was deleted.")
    artifacts.remove(place, name)
    return existing is not None or bool(removed)


def _ready_for_change(
    place: Place,
    name: str,
    may_remove: Callable[[Stack], bool],
    may_clear: MayClear,
    on_step: OnStep,
    on_event: OnEvent,
) -> tuple[Stack | None, bool]:
    """The stack to update, if any, and whether what an earlier attempt left was removed."""
    existing = stack.find(place, name)
    if existing and existing.is_busy:
        raise DeployFailed(
            f"CloudFormation is at work on the stack {name} ({existing.status}). "
            "Wait until it has finished, then run this again."
        )
    if existing:
        endings.check_start(place, existing)
        if not existing.never_came_up:
            return existing, False
    if existing and not may_remove(existing):
        raise NothingThere("Nothing was changed.")
    # All is asked before anything is done.
    theirs = leftovers.not_ours(place, name)
    if theirs and not may_clear(theirs):
        raise NothingThere("Nothing was changed.")
    if existing:
        on_step(f"Removing what an earlier attempt left ({existing.status})")
        _delete(place, existing, on_event)
    removed = leftovers.clear(place, name, existing, theirs)
    if removed:
        on_step(f"Removed what an earlier attempt left: {', '.join(removed)}")
    return None, bool(existing or removed)


def _follow(
    place: Place,
    name: str,
    stack_id: str,
    before: set[str],
    on_event: OnEvent,
    *,
    wanted: frozenset[str],
) -> list[Event]:
    """All events of an operation, once it has ended as wanted; raises DeployFailed otherwise."""
    happened: list[Event] = []

    def note(event: Event) -> None:
        happened.append(event)
        on_event(event)

    status = events.follow(place, stack_id, already_seen=before, on_event=note)
    endings.check_end(place, name, status, happened, wanted=wanted)
    return happened


def _delete(place: Place, existing: Stack, on_event: OnEvent) -> None:
    before = events.seen(place, existing.id)
    if place.is_local:
        # Here nothing is asked, so that nothing is protected either.
        leftovers.unprotect(place, existing.outputs.get("EventDataTable", "none"))
        leftovers.unmap(place, existing.outputs.get("DDBEventProcessor", "none"))
    place.cloudformation().delete_stack(StackName=existing.id)
    _follow(place, existing.name, existing.id, before, on_event, wanted=endings.DELETED)
