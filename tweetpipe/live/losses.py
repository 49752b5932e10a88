"""Counts what deleting a stack would lose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tweetpipe import dead_letters
from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import metrics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

# An iterator age below this (seconds) is that of the current batch.
_UP_TO_DATE = 2.0


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What is lost with the stack.

    `behind` is how many seconds the function is behind the stream, and `unread` is about how many
    records that is; None if not measured, and `why_not` says why. A `protected` table can't be
    deleted.
    """

    items: int
    dead_letters: int
    behind: float | None
    unread: int | None
    protected: bool
    why_not: str = ""


def losses(place: Place, deployed: Stack, *, now: datetime | None = None) -> Loss:
    """Counts what deleting the stack would lose."""
    now = now or datetime.now(UTC)
    table = _table(place, deployed)
    measured = metrics.measure(place, deployed, now=now).window
    behind = measured.iterator_age
    return Loss(
        items=table.get("ItemCount", 0),
        # Messages that another reader holds are lost with the rest.
        dead_letters=sum(dead_letters.counts(place, deployed.outputs["DeadLetterQueueUrl"])),
        behind=behind,
        unread=_unread(place, deployed, behind, now),
        protected=table.get("DeletionProtectionEnabled", False),
        why_not=measured.why_not,
    )


def losses_or_why_not(place: Place, deployed: Stack) -> Loss | str:
    """What deleting would lose, or the reason, in one line, why it can't be counted."""
    if not deployed.is_usable:
        return f"the stack is in state {deployed.status}"
    try:
        return losses(place, deployed)
    except (BotoCoreError, ClientError) as error:
        return explain(error)


def _unread(place: Place, deployed: Stack, behind: float | None, now: datetime) -> int | None:
    if behind is None:
        return None
    if behind < _UP_TO_DATE:
        return 0
    return metrics.arrived_since(place, deployed, behind, now=now)


def _table(place: Place, deployed: Stack) -> TableDescriptionTypeDef:
    return place.dynamodb().describe_table(TableName=deployed.outputs["EventDataTable"])["Table"]
