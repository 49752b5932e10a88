"""Takes a stack to what the template says, and away again.

Stages: check the parameters, build the package, plan (`changes`), let the caller approve, upload
the package, execute, follow the events, compare. The comparison is for emulators, which skip
updates of streams and tables silently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tweetpipe import artifacts, changes, endings, events, owner, package, stack
from tweetpipe import parameters as parameter_rules
from tweetpipe.artifacts import Artifact
from tweetpipe.changes import ChangeSet
from tweetpipe.errors import DeployFailed, NothingThere
from tweetpipe.events import Event
from tweetpipe.place import Place
from tweetpipe.project import TEMPLATE
from tweetpipe.stack import Stack
from tweetpipe.words import counted

CODE = "Code: ../build/function"

OnEvent = Callable[[Event], None]
OnStep = Callable[[str], None]


def deploy(
    place: Place,
    name: str,
    *,
    parameters: Mapping[str, str],
    approve: Callable[[ChangeSet], bool],
    on_step: OnStep,
    on_event: OnEvent,
    may_remove: Callable[[Stack], bool] = lambda _: True,
) -> tuple[Stack, bool]:
    """The deployed stack, and whether anything was changed.

    `may_remove` is asked about what an attempt that never came up has left. Raises NothingThere
    when it, or the plan, isn't approved, DeployFailed with the first failing resource.
    """
    text = TEMPLATE.read_text(encoding="utf-8")
    parameter_rules.check(text, parameters)
    existing = _ready_for_change(place, name, may_remove, on_step, on_event)
    parameter_rules.check_together(text, parameters, existing.parameters if existing else None)
    on_step("Building the function's package")
    archive = package.archive()
    artifact = artifacts.locate(place, name, archive)
    on_step("Planning the changes")
    plan = changes.create(
        place,
        name,
        existing,
        template=template_with(artifact),
        parameters=parameters,
        tags=owner.tags(place, existing),
    )
    if plan:
        with changes.discarded_on_failure(place, plan):
            if not approve(plan):
                raise NothingThere("Nothing was changed.")
            on_step(f"Uploading the package ({len(archive) / 1e6:.1f} MB)")
            artifacts.upload(place, artifact, archive)
            before = events.seen(place, plan.stack_id)
            changes.execute(place, plan)
        ended = _follow(place, name, plan.stack_id, before, on_event, wanted=endings.DEPLOYED)
        for left in endings.not_removed(ended):
            on_step(
                f"{left.logical_id} ({left.type}, {left.physical_id}) is no longer part of the "
                f"stack, but could not be deleted: {left.reason}"
            )
    deployed = stack.get(place, name)
    if place.is_local:
        _check_against_template(place, deployed)
    return deployed, plan is not None


def destroy(
    place: Place,
    name: str,
    *,
    on_event: OnEvent,
    may_delete: Callable[[Stack], bool] = lambda _: True,
) -> bool:
    """Deletes the stack and its packages; False when there was none.

    Deletes the very stack that `may_delete` was asked about, and not one of the same name that
    somebody else made meanwhile. Raises NothingThere when it isn't approved.
    """
    existing = stack.find(place, name)
    if existing:
        if not may_delete(existing):
            raise NothingThere("Nothing was deleted.")
        _delete(place, existing, on_event)
    artifacts.remove(place, name)
    return existing is not None


def template_with(artifact: Artifact) -> str:
    """The template with the function's folder replaced by its place in S3, as AWS's tools do it."""
    text = TEMPLATE.read_text(encoding="utf-8")
    if text.count(CODE) != 1:
        raise DeployFailed(f"{TEMPLATE.name} must say {CODE!r} once, for the function's package.")
    return text.replace(CODE, f'Code: {{ S3Bucket: "{artifact.bucket}", S3Key: "{artifact.key}" }}')


def _ready_for_change(
    place: Place,
    name: str,
    may_remove: Callable[[Stack], bool],
    on_step: OnStep,
    on_event: OnEvent,
) -> Stack | None:
    existing = stack.find(place, name)
    if existing and existing.is_busy:
        raise DeployFailed(
            f"CloudFormation is at work on the stack {name} ({existing.status}). "
            "Wait until it has finished, then run this again."
        )
    if existing:
        endings.check_start(place, existing)
    if existing and existing.never_came_up:
        if not may_remove(existing):
            raise NothingThere("Nothing was changed.")
        on_step(f"Removing what an earlier attempt left ({existing.status})")
        _delete(place, existing, on_event)
        return None
    return existing


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
    place.cloudformation().delete_stack(StackName=existing.id)
    _follow(place, existing.name, existing.id, before, on_event, wanted=endings.DELETED)


def _check_against_template(place: Place, deployed: Stack) -> None:
    wanted_mode = deployed.parameters["StreamMode"]
    summary = place.kinesis().describe_stream_summary(StreamName=deployed.outputs["KinesisStream"])
    found = summary["StreamDescriptionSummary"]
    mode = found.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    shards = str(found["OpenShardCount"])
    wanted_shards = deployed.parameters["ShardCount"] if mode == "PROVISIONED" else shards
    if (mode, shards) != (wanted_mode, wanted_shards):
        raise DeployFailed(
            f"The stream has {counted(int(shards), 'shard')} in mode {mode}, and the stack says "
            f"{wanted_shards} in mode {wanted_mode}: the emulator does not change a stream once it "
            "is made. Run tweetpipe destroy, then deploy again."
        )
