"""Calls of AWS's APIs, and whether an identity gets through with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from botocore import xform_name
from botocore.exceptions import ClientError

from tests.iam.identities import Identity

Subject = TypeVar("Subject")

# SNS and EC2 have words of their own; a HEAD request's answer has no body to say more than 403.
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
    """One API call, named after the action that IAM asks for; `arguments` aims it at a subject.

    `operation` is named where it differs from the action.
    """

    action: str
    arguments: Callable[[Subject], dict[str, Any]]
    operation: str = ""
    destroys: bool = False

    def __str__(self) -> str:
        return f"{self.action} ({self.operation})" if self.operation else self.action

    def made_by(self, identity: Identity, subject: Subject) -> None:
        """Makes the call; raises what boto3 raises."""
        service, _, name = self.action.partition(":")
        method = getattr(identity.client(service), xform_name(self.operation or name))
        method(**self.arguments(subject))


@dataclass(frozen=True)
class CallOutcome:
    """How a call ended: `code` is empty when it succeeded."""

    code: str
    message: str = ""

    @property
    def succeeded(self) -> bool:
        return not self.code

    @property
    def denied(self) -> bool:
        return self.code in _DENIED

    def denied_for(self, action: str) -> bool:
        """Whether the policies ended the call, and because of this very action."""
        said = f"not authorized to perform: {action} ".lower()
        return self.denied and (self.code == "403" or said in f"{self.message} ".lower())

    def __str__(self) -> str:
        return "success" if self.succeeded else f"{self.code}: {self.message}"


def attempt(identity: Identity, call: Call[Subject], subject: Subject) -> CallOutcome:
    """How the call ends; errors that are not AWS's own are raised."""
    try:
        call.made_by(identity, subject)
    except ClientError as error:
        detail = error.response.get("Error", {})
        return CallOutcome(detail.get("Code") or "Unknown", detail.get("Message", ""))
    return CallOutcome("")


def in_order(calls: Iterable[Call[Subject]]) -> list[Call[Subject]]:
    """What destroys comes last."""
    return sorted(calls, key=lambda call: call.destroys)
