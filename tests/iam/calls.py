"""Calls of AWS's APIs, and whether an identity may make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from botocore import xform_name
from botocore.exceptions import ClientError

from tests.iam.identities import Identity

Subject = TypeVar("Subject")

# SNS and EC2 use other codes; the answer to a HEAD request has no body, only the status 403.
_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "403",
    }
)


@dataclass(frozen=True)
class Call(Generic[Subject]):
    """One API call, named after the action that IAM checks; `arguments` make those for a subject.

    `operation` is given if it differs from the action.
    """

    action: str
    arguments: Callable[[Subject], dict[str, Any]]
    operation: str = ""
    destroys: bool = False

    def __str__(self) -> str:
        return f"{self.action} ({self.operation})" if self.operation else self.action

    def made_by(self, identity: Identity, subject: Subject) -> None:
        """Make the call; raises boto3's errors."""
        service, _, name = self.action.partition(":")
        method = getattr(identity.client(service), xform_name(self.operation or name))
        method(**self.arguments(subject))


@dataclass(frozen=True)
class CallOutcome:
    """The outcome of a call; `code` is empty if it succeeded."""

    code: str
    message: str = ""

    @property
    def succeeded(self) -> bool:
        return not self.code

    @property
    def denied(self) -> bool:
        return self.code in _DENIED

    def denied_for(self, action: str) -> bool:
        """Whether the policies denied the call, because of this action."""
        said = f"not authorized to perform: {action} ".lower()
        return self.denied and (self.code == "403" or said in f"{self.message} ".lower())

    def __str__(self) -> str:
        return "success" if self.succeeded else f"{self.code}: {self.message}"


def attempt(identity: Identity, call: Call[Subject], subject: Subject) -> CallOutcome:
    """The outcome of the call; errors that are not AWS's are raised."""
    try:
        call.made_by(identity, subject)
    except ClientError as error:
        detail = error.response.get("Error", {})
        return CallOutcome(detail.get("Code") or "Unknown", detail.get("Message", ""))
    return CallOutcome("")


def in_order(calls: Iterable[Call[Subject]]) -> list[Call[Subject]]:
    """Sort destructive calls last."""
    return sorted(calls, key=lambda call: call.destroys)
