"""Change sets: what CloudFormation would do to a stack, and doing it.

The stages of a deployment: `create` asks CloudFormation to plan, the caller shows the plan and
asks, `execute` starts it, `events.follow` watches it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import ClientError

from tweetpipe.aws.errors import DeployFailed, WrongUsage
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import AWAITS_REVIEW, Stack, does_not_exist

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import (
        ChangeTypeDef,
        CreateChangeSetInputTypeDef,
        DescribeChangeSetOutputTypeDef,
        ParameterTypeDef,
        ResourceChangeTypeDef,
        ResourceTargetDefinitionTypeDef,
    )

# The words with which CloudFormation says that a change set is empty.
_EMPTY = ("didn't contain changes", "No updates are to be performed", "does not contain changes")

# A plan that is being carried out, or that CloudFormation has forgotten because another was.
_NO_LONGER_OURS = ("InvalidChangeSetStatus", "ChangeSetNotFound")

# Sent again after a pause, a deletion would be sent without another look.
_ONCE = Config(retries={"total_max_attempts": 1})

# What holds data that may be nowhere else.
HOLDS_DATA = frozenset({"AWS::DynamoDB::Table", "AWS::Kinesis::Stream", "AWS::SQS::Queue"})


# Whose values are shown to nobody.
_SECRET = frozenset({"SecretString"})
_LONGEST = 60  # characters of a value


@dataclass(frozen=True, kw_only=True)
class Property:
    """A property that changes, or Tags and the like; `path` leads to a part of it, if not all.

    `change` is its old and its new value, as far as CloudFormation tells them.
    """

    name: str
    path: str = ""
    change: str = ""

    def __str__(self) -> str:
        return f"{self.path or self.name} {self.change}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource that a change set touches.

    `replacement` is CloudFormation's word: True, False, Conditional (it can't tell before), or
    nothing. `properties` are those that change; `keeps_old` says that a policy of the template
    leaves the old resource, with its data, outside of the stack.
    """

    action: str
    logical_id: str
    type: str
    replacement: str = ""
    properties: tuple[Property, ...] = ()
    keeps_old: bool = False

    @property
    def is_replaced(self) -> bool:
        return self.action == "Modify" and self.replacement in ("True", "Conditional")

    @property
    def loses_data(self) -> bool:
        """Whether data is deleted, or may be."""
        gone = self.action == "Remove" or self.is_replaced
        return gone and self.type in HOLDS_DATA and not self.keeps_old


@dataclass(frozen=True, kw_only=True)
class ChangeSet:
    """A plan that CloudFormation has made and not yet carried out.

    `parameters` are those the stack will have.
    """

    id: str
    stack_id: str
    creates: bool
    changes: tuple[Change, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def loses_data(self) -> bool:
        return any(change.loses_data for change in self.changes)


def create(
    place: Place,
    name: str,
    existing: Stack | None,
    *,
    template: str,
    parameters: Mapping[str, str],
    tags: Mapping[str, str] | None = None,
    reverts_drift: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> ChangeSet | None:
    """The plan that takes the stack to the template; None when it is there already.

    Parameters that aren't named keep their values, and without `tags` the stack keeps its own.
    With `reverts_drift` it also brings back what was changed beside the stack, on AWS alone.
    Raises WrongUsage when CloudFormation refuses the template or a parameter, DeployFailed when it
    can't plan.
    """
    client = place.cloudformation()
    creates = existing is None or existing.awaits_review
    kept = [] if creates or existing is None else [*existing.parameters]
    request: CreateChangeSetInputTypeDef = {
        "StackName": name,
        "ChangeSetName": f"tweetpipe-{uuid.uuid4().hex[:12]}",
        "ChangeSetType": "CREATE" if creates else "UPDATE",
        "TemplateBody": template,
        "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": _parameters(parameters, kept),
    }
    if tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    if reverts_drift:
        request["DeploymentMode"] = "REVERT_DRIFT"
    try:
        started = client.create_change_set(**request)
    except ClientError as error:
        detail = error.response.get("Error", {})
        if detail.get("Code") == "ValidationError":
            raise WrongUsage(f"CloudFormation refuses this: {detail.get('Message')}") from error
        raise
    plan = ChangeSet(id=started["Id"], stack_id=started["StackId"], creates=creates, changes=())
    with discarded_on_failure(place, plan):
        described = _planned(place, plan, sleep)
    if described["Status"] == "FAILED":
        discard(place, plan)
        reason = described.get("StatusReason", "no reason given")
        if any(words in reason for words in _EMPTY):
            return None
        raise DeployFailed(f"CloudFormation could not plan the deployment: {reason}")
    return replace(
        plan,
        changes=_changes(described),
        parameters={
            entry["ParameterKey"]: entry.get("ParameterValue", "")
            for entry in described.get("Parameters", [])
        },
    )


def execute(place: Place, plan: ChangeSet) -> None:
    """Starts to carry the plan out."""
    place.cloudformation().execute_change_set(ChangeSetName=plan.id, StackName=plan.stack_id)


@contextmanager
def discarded_on_failure(place: Place, plan: ChangeSet) -> Iterator[None]:
    """Discards the plan when the block is left by an exception, Ctrl-C included."""
    try:
        yield
    except BaseException:
        discard(place, plan)
        raise


def discard(place: Place, plan: ChangeSet) -> None:
    """Forgets the plan, and the stack that planning made if there is still nothing in it.

    Meanwhile somebody else may have deployed this stack, or be looking at a plan for it.
    CloudFormation deletes a stack whatever has become of it: who plans and approves within the two
    calls before the last one is not seen.
    """
    client = place.cloudformation()
    try:
        client.delete_change_set(ChangeSetName=plan.id, StackName=plan.stack_id)
        if not plan.creates:
            return
        # The status last: a plan that is approved between the two calls is in one of the answers.
        others = client.list_change_sets(StackName=plan.stack_id)["Summaries"]
        [stack] = client.describe_stacks(StackName=plan.stack_id)["Stacks"]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if does_not_exist(error) or code in _NO_LONGER_OURS:
            return
        raise
    if stack["StackStatus"] == AWAITS_REVIEW and not others:
        place.cloudformation(_ONCE).delete_stack(StackName=plan.stack_id)


def _planned(
    place: Place, plan: ChangeSet, sleep: Callable[[float], None]
) -> DescribeChangeSetOutputTypeDef:
    client = place.cloudformation()
    while True:
        described = client.describe_change_set(
            ChangeSetName=plan.id, StackName=plan.stack_id, IncludePropertyValues=True
        )
        if described["Status"] in ("CREATE_COMPLETE", "FAILED"):
            break
        sleep(0.2 if place.is_local else 2)
    page = described
    while token := page.get("NextToken"):
        page = client.describe_change_set(
            ChangeSetName=plan.id,
            StackName=plan.stack_id,
            NextToken=token,
            IncludePropertyValues=True,
        )
        described["Changes"] += page["Changes"]
    return described


def _parameters(given: Mapping[str, str], kept: list[str]) -> list[ParameterTypeDef]:
    new: list[ParameterTypeDef] = [
        {"ParameterKey": name, "ParameterValue": value} for name, value in given.items()
    ]
    old: list[ParameterTypeDef] = [
        {"ParameterKey": name, "UsePreviousValue": True} for name in kept if name not in given
    ]
    return new + old


def _changes(described: DescribeChangeSetOutputTypeDef) -> tuple[Change, ...]:
    return tuple(_change(entry) for entry in described.get("Changes", []))


def _change(entry: ChangeTypeDef) -> Change:
    resource = entry.get("ResourceChange", {})
    return Change(
        action=resource.get("Action", ""),
        logical_id=resource.get("LogicalResourceId", ""),
        type=resource.get("ResourceType", ""),
        replacement=resource.get("Replacement", ""),
        properties=_properties(resource),
        # Retain, ReplaceAndRetain, and the same with Snapshot.
        keeps_old=resource.get("PolicyAction", "").endswith(("Retain", "Snapshot")),
    )


def _properties(resource: ResourceChangeTypeDef) -> tuple[Property, ...]:
    """What changes; of several reasons for the same change, the one that tells the values."""
    found = [_property(detail.get("Target", {})) for detail in resource.get("Details", [])]
    told = {one.name for one in found if one.change}
    return tuple(dict.fromkeys(one for one in found if one.change or one.name not in told))


def _property(target: ResourceTargetDefinitionTypeDef) -> Property:
    name = target.get("Name") or target.get("Attribute", "")
    change = ""
    if name not in _SECRET and ("BeforeValue" in target or "AfterValue" in target):
        change = _from_to(target.get("BeforeValue"), target.get("AfterValue"))
    return Property(
        name=name,
        path=target.get("Path", "").removeprefix("/Properties").removeprefix("/"),
        change=change,
    )


def _from_to(before: str | None, after: str | None) -> str:
    """Both values, cut to the part where they differ if they are long."""
    old, new = (value if value is None else " ".join(value.split()) for value in (before, after))
    start = 0
    if old is not None and new is not None and max(len(old), len(new)) > _LONGEST:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
        start = max(0, sum(1 for _ in same) - _LONGEST // 3)
    return f"{_short(old, start)} -> {_short(new, start)}"


def _short(text: str | None, start: int) -> str:
    if text is None:
        return "(not set)"
    rest = f"…{text[start + 1 :]}" if start else text
    return rest if len(rest) <= _LONGEST else f"{rest[: _LONGEST - 1]}…"
