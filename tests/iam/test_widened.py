"""The tables notice a policy that gives more, or less, than the template's does now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.iam import identities, stacks, tables, template
from tests.iam.identities import Identity
from tests.iam.stacks import Names
from tests.iam.template import Statement, Template

USER, ROLE = "AWS::IAM::User", "AWS::IAM::Role"


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A change of the template, and the rows of the table that must not end as they should."""

    name: str
    identity: str
    change: Callable[[Template], None]
    noticed: frozenset[str]

    def __str__(self) -> str:
        return self.name


def _edit(identity: str, action: str, **changed: object) -> Callable[[Template], None]:
    """Changes the statement that speaks of the action."""

    def change(loaded: Template) -> None:
        template.statement(loaded, identity, action).update(changed)

    return change


def _add(identity: str, **added: object) -> Callable[[Template], None]:
    """Adds a statement."""

    def change(loaded: Template) -> None:
        statement: Statement = {"Effect": "Allow", "Resource": "*", **added}
        policy = template.properties(loaded, identity)["Policies"][0]
        policy["PolicyDocument"]["Statement"].append(statement)

    return change


def _attach(identity: str, policy: str) -> Callable[[Template], None]:
    """Attaches a policy of AWS's."""

    def change(loaded: Template) -> None:
        arns = template.properties(loaded, identity).setdefault("ManagedPolicyArns", [])
        arns.append(f"arn:aws:iam::aws:policy/{policy}")

    return change


def _deny_all_but(identity: str, action: str) -> Callable[[Template], None]:
    def change(loaded: Template) -> None:
        found = template.statement(loaded, identity, action)
        found["NotAction"] = found.pop("Action")

    return change


MUTATIONS = (
    Mutation(
        name="the user may do all with its stream",
        identity=USER,
        change=_edit(USER, "kinesis:PutRecord", Action="kinesis:*"),
        noticed=frozenset(
            {"kinesis:GetRecords on its own stack", "kinesis:DeleteStream on its own stack"}
        ),
    ),
    Mutation(
        name="the user may put on every stream",
        identity=USER,
        change=_edit(USER, "kinesis:PutRecord", Resource="*"),
        noticed=frozenset(
            {"kinesis:PutRecord on another stack", "kinesis:PutRecords on another stack"}
        ),
    ),
    Mutation(
        name="the user may put on streams by a pattern",
        identity=USER,
        change=_edit(USER, "kinesis:PutRecord", Resource="arn:aws:kinesis:*:*:stream/iam-*"),
        noticed=frozenset({"kinesis:PutRecord on another stack"}),
    ),
    Mutation(
        name="the user may read the table as well",
        identity=USER,
        change=_add(USER, Action=["dynamodb:Query", "dynamodb:GetItem"]),
        noticed=frozenset({"dynamodb:Query on its own stack", "dynamodb:GetItem on another stack"}),
    ),
    Mutation(
        name="the user may do all but what it needs",
        identity=USER,
        change=_deny_all_but(USER, "kinesis:PutRecord"),
        noticed=frozenset(
            {"kinesis:PutRecord on its own stack", "kinesis:DeleteStream on its own stack"}
        ),
    ),
    Mutation(
        name="the user has a policy of AWS's beside",
        identity=USER,
        change=_attach(USER, "AdministratorAccess"),
        noticed=frozenset(
            {"s3:ListAllMyBuckets (ListBuckets)", "iam:CreateAccessKey on another stack"}
        ),
    ),
    Mutation(
        name="the user may put one record at a time only",
        identity=USER,
        change=_edit(USER, "kinesis:PutRecord", Action="kinesis:PutRecord"),
        noticed=frozenset(
            {
                "kinesis:PutRecords on its own stack",
                "kinesis:DescribeStreamSummary on its own stack",
            }
        ),
    ),
    Mutation(
        name="the role may do all with its table",
        identity=ROLE,
        change=_edit(ROLE, "dynamodb:BatchWriteItem", Action="dynamodb:*"),
        noticed=frozenset(
            {"dynamodb:Scan on its own stack", "dynamodb:DeleteTable on its own stack"}
        ),
    ),
    Mutation(
        name="the role may write to every table",
        identity=ROLE,
        change=_edit(ROLE, "dynamodb:BatchWriteItem", Resource="*"),
        noticed=frozenset({"dynamodb:BatchWriteItem on another stack"}),
    ),
    Mutation(
        name="the role may receive dead letters of all queues",
        identity=ROLE,
        change=_edit(ROLE, "sqs:SendMessage", Action="sqs:*", Resource="*"),
        noticed=frozenset(
            {"sqs:ReceiveMessage on its own stack", "sqs:PurgeQueue on another stack"}
        ),
    ),
    Mutation(
        name="the role may read secrets",
        identity=ROLE,
        change=_add(ROLE, Action="secretsmanager:GetSecretValue"),
        noticed=frozenset({"secretsmanager:GetSecretValue on its own stack"}),
    ),
    Mutation(
        name="the role may change its own policy",
        identity=ROLE,
        change=_add(ROLE, Action="iam:PutRolePolicy"),
        noticed=frozenset({"iam:PutRolePolicy on its own stack"}),
    ),
    Mutation(
        name="the role may write every log",
        identity=ROLE,
        change=_attach(ROLE, "service-role/AWSLambdaBasicExecutionRole"),
        noticed=frozenset(
            {"logs:PutLogEvents on another stack", "logs:CreateLogGroup on its own stack"}
        ),
    ),
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_the_table_notices_that(admin: Identity, mutation: Mutation) -> None:
    loaded = template.load()
    mutation.change(loaded)
    mutated = stacks.deploy_pair(admin, loaded)

    if mutation.identity == USER:
        identity, needs = identities.user(admin, mutated.own.user), tables.PRODUCER
    else:
        identity, needs = identities.role(admin, mutated.own.role), tables.FUNCTION

    assert mutation.noticed <= tables.departures(identity, needs, mutated).keys()


def test_a_trust_policy_for_everybody_lets_another_user_in(admin: Identity) -> None:
    """The test of the role's trust would notice: such a call succeeds then."""
    loaded = template.load()
    (trust,) = template.properties(loaded, ROLE)["AssumeRolePolicyDocument"]["Statement"]
    trust["Principal"] = {"AWS": "*"}
    names: Names = stacks.deploy_pair(admin, loaded).own
    stranger = identities.user_who_may(admin, "stranger", action="sts:AssumeRole")

    assumed = stranger.client("sts").assume_role(RoleArn=names.role_arn, RoleSessionName="session")

    assert names.role in assumed["AssumedRoleUser"]["Arn"]
