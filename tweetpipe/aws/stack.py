"""A CloudFormation stack: its name, state, parameters, and outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tweetpipe.aws.errors import NothingThere, WrongUsage
from tweetpipe.aws.place import Place, Target

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

DEFAULT_NAME = "tweets"
AWAITS_REVIEW = "REVIEW_IN_PROGRESS"

# The function is named <stack>-DDBEventProcessor, and a function's name has at most 64 characters.
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
MAX_NAME_LENGTH = 64 - len("-DDBEventProcessor")

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack as CloudFormation describes it."""

    name: str
    id: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and not self.awaits_review

    @property
    def awaits_review(self) -> bool:
        """Whether a change set created it but was never executed; it has no resources yet."""
        return self.status == AWAITS_REVIEW

    @property
    def never_came_up(self) -> bool:
        """Whether creating it failed; CloudFormation can only delete such a stack."""
        return self.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")

    @property
    def is_usable(self) -> bool:
        return not self.never_came_up and not self.awaits_review and bool(self.outputs)


def check_name(name: str) -> str:
    """The name itself; raises WrongUsage if AWS would reject it."""
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH:
        raise WrongUsage(
            f"{name!r} is not a valid stack name. Use up to {MAX_NAME_LENGTH} letters, digits, and "
            "hyphens, starting with a letter."
        )
    return name


def find(place: Place, name: str) -> Stack | None:
    """The stack with this name, or None."""
    return find_by_id(place, check_name(name))


def find_by_id(place: Place, id: str) -> Stack | None:
    """The stack with this id, even a deleted one that CloudFormation still remembers, or None."""
    try:
        found = place.cloudformation().describe_stacks(StackName=id)["Stacks"]
    except ClientError as error:
        if does_not_exist(error):
            return None
        raise
    return _stack(found[0]) if found else None


def get(place: Place, name: str) -> Stack:
    """The stack, ready for use; raises NothingThere with what to do if it isn't."""
    stack = find(place, name)
    where = f"at {place.endpoint}" if place.is_local else f"in {place.region}"
    again = f"tweetpipe deploy{options(place.target, name)}"
    if stack is None:
        elsewhere = (
            ""
            if place.is_local
            else "If it is in another region or account, set AWS_REGION or AWS_PROFILE. "
        )
        raise NothingThere(
            f"There is no stack {name} {where}. {elsewhere}To deploy it, run:\n  {again}"
        )
    if not stack.is_usable:
        raise NothingThere(
            f"The stack {name} {where} is in state {stack.status} and can't be used. "
            f"To deploy it again, run:\n  {again}"
        )
    return stack


def does_not_exist(error: ClientError) -> bool:
    """Whether this error of CloudFormation means that the stack does not exist."""
    detail = error.response.get("Error", {})
    return detail.get("Code") == "ValidationError" and "does not exist" in detail.get("Message", "")


_every, _meant = "", DEFAULT_NAME


def every_command_needs(options: str) -> None:
    """Sets the options of this command that every suggested command needs, too."""
    global _every
    _every = options


def is_meant(name: str = DEFAULT_NAME) -> None:
    """Sets the default stack name, which depends on the settings and the events."""
    global _meant
    _meant = name


def options(target: Target, name: str) -> str:
    """The options that make a command use this stack, with a leading space.

    Every suggested command has them, so that it does not use another stack.
    """
    stack = "" if name == DEFAULT_NAME == _meant and not _every else f" --stack {name}"
    return _every + stack + ("" if target is Target.LOCAL else f" --target {target}")


def _stack(described: StackTypeDef) -> Stack:
    return Stack(
        name=described["StackName"],
        id=described.get("StackId", described["StackName"]),
        status=described["StackStatus"],
        reason=described.get("StackStatusReason", ""),
        parameters={
            entry["ParameterKey"]: entry.get("ParameterValue", "")
            for entry in described.get("Parameters", [])
        },
        outputs={
            entry["OutputKey"]: entry.get("OutputValue", "")
            for entry in described.get("Outputs", [])
        },
        tags={entry["Key"]: entry["Value"] for entry in described.get("Tags", [])},
    )
