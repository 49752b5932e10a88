"""Change sets: plans of what CloudFormation would change in a stack.

The stages of a deployment: `create` asks CloudFormation for a plan, the caller shows it and asks
for approval, `execute` starts it, and `events.follow` watches it.
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

# CloudFormation's words for an empty change set.
_EMPTY = ("didn't contain changes", "No updates are to be performed", "does not contain changes")

# The plan is being executed, or CloudFormation dropped it because another plan was executed.
_NO_LONGER_OURS = ("InvalidChangeSetStatus", "ChangeSetNotFound")

# A retry would send the deletion again after a pause, without checking the stack again.
_ONCE = Config(retries={"total_max_attempts": 1})

# The types that hold data that may exist nowhere else.
HOLDS_DATA = frozenset({"AWS::DynamoDB::Table", "AWS::Kinesis::Stream", "AWS::SQS::Queue"})


# The properties with values that are never shown.
_SECRET = frozenset({"SecretString"})
_LONGEST = 60  # characters of a value


@dataclass(frozen=True, kw_only=True)
class Property:
    """A property that changes, or an attribute such as Tags; `path` is the part that changes.

    `change` has the old and new value, if CloudFormation tells them.
    """

    name: str
    path: str = ""
    change: str = ""

    def __str__(self) -> str:
        return f"{self.path or self.name} {self.change}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource that a change set touches.

    `replacement` is CloudFormation's value: True, False, Conditional (it can't tell yet), or empty.
    `properties` are the ones that change. `keeps_old` is true if a policy of the template retains
    the old resource, with its data, outside the stack.
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
    """A plan that CloudFormation has made but not yet executed.

    `parameters` are the parameters that the stack will have.
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
    """The plan that makes the stack match the template; None if it already does.

    Parameters that aren't given keep their values, and without `tags` the stack keeps its tags.
    With `reverts_drift`, the plan also reverts changes made outside CloudFormation (AWS only).
    Raises WrongUsage if CloudFormation rejects the template or a parameter, and DeployFailed if it
    can't make a plan.
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
            raise WrongUsage(
                f"CloudFormation rejected this: {detail.get('Message', '').rstrip('.')}. Nothing "
                "was changed. Correct it, then run this command again."
            ) from error
        raise
    plan = ChangeSet(id=started["Id"], stack_id=started["StackId"], creates=creates, changes=())
    with discarded_on_failure(place, plan):
        described = _planned(place, plan, sleep)
    if described["Status"] == "FAILED":
        discard(place, plan)
        reason = described.get("StatusReason", "no reason given")
        if any(words in reason for words in _EMPTY):
            return None
        raise DeployFailed(
            f"CloudFormation could not plan the deployment: {reason.rstrip('.')}. Nothing was "
            "changed. Correct that, then run this command again."
        )
    return replace(
        plan,
        changes=_changes(described),
        parameters={
            entry["ParameterKey"]: entry.get("ParameterValue", "")
            for entry in described.get("Parameters", [])
        },
    )


def execute(place: Place, plan: ChangeSet) -> None:
    """Starts executing the plan."""
    place.cloudformation().execute_change_set(ChangeSetName=plan.id, StackName=plan.stack_id)


@contextmanager
def discarded_on_failure(place: Place, plan: ChangeSet) -> Iterator[None]:
    """Discards the plan if the block ends with an exception, including Ctrl-C."""
    try:
        yield
    except BaseException:
        discard(place, plan)
        raise


def discard(place: Place, plan: ChangeSet) -> None:
    """Deletes the plan, and the stack that planning created if it is still empty.

    Another user may have deployed this stack meanwhile, or be reviewing a plan for it.
    CloudFormation deletes a stack in any state, so a plan that is made and approved between the
    check and the deletion would go unnoticed.
    """
    client = place.cloudformation()
    try:
        client.delete_change_set(ChangeSetName=plan.id, StackName=plan.stack_id)
        if not plan.creates:
            return
        # The status last, so that a plan approved between the two calls shows up in one of them.
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
        # Retain, ReplaceAndRetain, Snapshot, or ReplaceAndSnapshot.
        keeps_old=resource.get("PolicyAction", "").endswith(("Retain", "Snapshot")),
    )


def _properties(resource: ResourceChangeTypeDef) -> tuple[Property, ...]:
    """The changed properties; of several entries for one property, those with its values."""
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
    """Both values, shortened to the part that differs if they are long."""
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
