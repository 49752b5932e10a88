"""What each identity of the template may do: these calls on its own stack, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from tests.iam.calls import Call, CallOutcome, attempt, in_order
from tests.iam.catalogue import CALLS, account
from tests.iam.identities import Identity
from tests.iam.stacks import Names, Pair

PRODUCER = frozenset({"kinesis:DescribeStreamSummary", "kinesis:PutRecord", "kinesis:PutRecords"})
FUNCTION = frozenset(
    {
        # Lambda makes the calls of Kinesis, with the function's role.
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "dynamodb:BatchWriteItem",
        "sqs:SendMessage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One call at one of the two stacks."""

    call: Call[Names]
    on_own: bool

    def __str__(self) -> str:
        if self.call.arguments is account:
            return str(self.call)
        return f"{self.call} on {'its own' if self.on_own else 'another'} stack"

    def tried_by(self, identity: Identity, pair: Pair) -> CallOutcome:
        return attempt(identity, self.call, pair.own if self.on_own else pair.other)

    def is_as_it_should(self, outcome: CallOutcome, needs: frozenset[str]) -> bool:
        if self.on_own and self.call.action in needs:
            return outcome.succeeded
        return outcome.denied_for(self.call.action)


def rows() -> list[Row]:
    """All calls on both stacks; destructive ones come last, in case they are not denied."""
    return [
        Row(call=call, on_own=on_own)
        for call in in_order(CALLS)
        for on_own in (True, False)
        if on_own or call.arguments is not account
    ]


def departures(identity: Identity, needs: frozenset[str], pair: Pair) -> dict[str, str]:
    """The rows with an unexpected outcome, and that outcome."""
    tried = ((row, row.tried_by(identity, pair)) for row in rows())
    return {
        str(row): str(outcome) for row, outcome in tried if not row.is_as_it_should(outcome, needs)
    }
