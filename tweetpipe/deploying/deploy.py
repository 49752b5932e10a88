"""Deploys and deletes a stack.

Stages: check the parameters, build the package, plan (`changes`), let the caller approve, upload
the package, execute, follow the events, and compare the result with the template (`emulated`, or
`drift` on AWS). A change of shards that AWS does not allow in one step takes several rounds
(`resharding`).
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

    `may_remove` approves removing a stack that failed to deploy, and `may_clear` removing leftovers
    of deleted stacks on an emulator that may belong to someone else. Raises NothingThere if one of
    these or the plan is not approved, and DeployFailed with the first failing resource.
    """
    text = TEMPLATE.read_text(encoding="utf-8")
    chosen = chosen_events()
    parameters = parameter_rules.checked(text, parameters, chosen)
    existing, removed = _ready_for_change(place, name, may_remove, may_clear, on_step, on_event)
    if existing:
        options = stack.options(place.target, name)
        parameter_rules.check_events(text, existing, chosen, options=options)
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
    """The package and the callbacks of one deployment."""

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
        with emulated.limits_explained(self.place, self.existing, parameters):
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
                    "Nothing was deployed. The remains of the failed deployment were removed."
                    if self.removed
                    else "Nothing was changed."
                )
            self.on_step(f"Uploading the package ({len(self.archive) / 1e6:.1f} MB)")
            artifacts.upload(self.place, self.artifact, self.archive)
            before = events.seen(self.place, plan.stack_id)
            changes.execute(self.place, plan)
        ended = endings.wait(
            self.place, self.name, plan.stack_id, before, self.on_event, wanted=endings.DEPLOYED
        )
        for left in endings.not_removed(ended):
            self.on_step(
                f"{left.logical_id} ({left.type}, {left.physical_id}) is no longer part of the "
                f"stack but could not be deleted: {left.reason}"
            )


def _go_through(attempt: _Attempt, stages: list[Mapping[str, str]], approve: Approve) -> bool:
    """Whether a stage changed anything. Only the first one asks, unless a later one loses data."""
    if len(stages) > 1:
        counts = " -> ".join(stage["ShardCount"] for stage in stages)
        attempt.on_step(
            "AWS at most doubles or halves a stream's shards at a time, so this takes several "
            f"updates: -> {counts}. Each takes a few minutes, and AWS allows ten in 24 hours."
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
            by_now = (
                f"The stream has {reached} shards now. To continue, run the same command again."
            )
            if isinstance(error, NothingThere):
                raise NothingThere(f"The next update was not made. {by_now}") from error
            raise DeployFailed(f"{by_now} {error}") from error
        reached = stage.get("ShardCount", "some")
    return bool(reached)


def _put_right(
    place: Place, deployed: Stack, archive: bytes, on_step: OnStep, *, is_new: bool
) -> bool:
    """Fixes what differs from the template on the emulator, and returns whether anything did."""
    mended: list[Difference] = []
    remaining = emulated.put_right(place, deployed, archive, mended.append)
    if is_new:
        # The emulator's CloudFormation skips some properties. What could not be set is unsupported.
        for difference in remaining:
            on_step(f"Not supported by the emulator: {difference}")
        return True
    for difference in mended:
        on_step(f"Found and fixed: {difference.in_the_past()}")
    if remaining:
        raise DeployFailed(
            f"The stack does not match the template: {'; '.join(map(str, remaining))}. The "
            "emulator can't update this. To create the stack again without its data, run:\n"
            f"{emulated.anew(place, deployed)}"
        )
    return bool(mended)


def _revert_drift(attempt: _Attempt, deployed: Stack, approve: Approve) -> bool:
    """Reverts changes made outside CloudFormation, and returns whether there were any."""
    attempt.on_step("Checking for changes made outside CloudFormation; this may take minutes")
    try:
        found = drift.look(attempt.place, deployed, attempt.on_step)
    except DeployFailed as error:
        attempt.on_step(f"Such changes may exist, but could not be checked: {error}")
        return False
    if not found:
        return False
    for line in found:
        attempt.on_step(f"Changed outside CloudFormation: {line}")
    plan = attempt.plan({}, reverts_drift=True)
    if plan is None:
        raise DeployFailed(
            "CloudFormation can't revert these changes. Change them back by hand. To check again, "
            f"run:\n  aws cloudformation detect-stack-drift --stack-name {attempt.name}"
        )
    attempt.carry_out(plan, approve)
    return True


def destroy(
    place: Place,
    name: str,
    *,
    on_event: OnEvent,
    on_step: OnStep = lambda _: None,
    may_delete: Callable[[Stack], bool] = lambda _: True,
    may_clear: MayClear = lambda _: False,
) -> bool:
    """Deletes the stack and its packages; returns False if there was nothing to delete.

    Deletes exactly the stack that `may_delete` approved, not one of the same name that someone else
    created meanwhile. On an emulator, also removes the leftovers of earlier stacks that are ours or
    that `may_clear` approves. Raises NothingThere if nothing is approved.
    """
    existing = stack.find(place, name)
    if existing and not may_delete(existing):
        raise NothingThere("Nothing was deleted.")
    # Ask everything before changing anything.
    theirs = leftovers.not_ours(place, name)
    cleared = theirs if theirs and may_clear(theirs) else []
    with endings.second_tries(place, on_event, on_step) as (note, removed):
        if existing:
            _delete(place, existing, note)
        removed += leftovers.clear(place, name, existing, cleared)
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
    """The stack to update, if any, and whether the remains of a failed one were removed."""
    existing = stack.find(place, name)
    if existing and existing.is_busy:
        raise DeployFailed(
            f"CloudFormation is still working on the stack {name} ({existing.status}). "
            "Wait until it finishes, then run this again."
        )
    if existing:
        endings.check_start(place, existing)
        if not existing.never_came_up:
            return existing, False
    if existing and not may_remove(existing):
        raise NothingThere("Nothing was changed.")
    # Ask everything before changing anything.
    theirs = leftovers.not_ours(place, name)
    if theirs and not may_clear(theirs):
        raise NothingThere("Nothing was changed.")
    # The line below names all that was deleted.
    with endings.second_tries(place, on_event, lambda _: None) as (note, removed):
        if existing:
            on_step(f"Removing what a failed deployment left ({existing.status})")
            _delete(place, existing, note)
        removed += leftovers.clear(place, name, existing, theirs)
    if removed:
        on_step(f"Removed what a failed deployment left: {', '.join(removed)}")
    return None, bool(existing or removed)


def _delete(place: Place, existing: Stack, on_event: OnEvent) -> None:
    before = events.seen(place, existing.id)
    if place.is_local:
        # On an emulator, destroy does not ask, so deletion protection must not stop it either.
        leftovers.unprotect(place, existing.outputs.get("EventDataTable", "none"))
        leftovers.unmap(place, existing.outputs.get("DDBEventProcessor", "none"))
        leftovers.strip_users(place, existing.id)
    place.cloudformation().delete_stack(StackName=existing.id)
    endings.wait(place, existing.name, existing.id, before, on_event, wanted=endings.DELETED)
