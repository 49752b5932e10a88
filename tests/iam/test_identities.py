"""What the template's identities may do, and what not."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.iam import identities, stacks, tables, template
from tests.iam.calls import Call, CallOutcome, attempt, in_order
from tests.iam.catalogue import CALLS
from tests.iam.identities import Identity
from tests.iam.stacks import Names, Pair
from tests.iam.tables import Row


@pytest.mark.parametrize("row", tables.rows(), ids=str)
def test_the_producers_user_puts_on_its_stream_and_nothing_else(
    producer: Identity, pair: Pair, row: Row
) -> None:
    outcome = row.tried_by(producer, pair)

    assert row.is_as_it_should(outcome, tables.PRODUCER), outcome


@pytest.mark.parametrize("row", tables.rows(), ids=str)
def test_the_functions_role_moves_tweets_of_its_stack_and_nothing_else(
    function: Identity, pair: Pair, row: Row
) -> None:
    outcome = row.tried_by(function, pair)

    assert row.is_as_it_should(outcome, tables.FUNCTION), outcome


@pytest.fixture(scope="module")
def outcomes_for_admin(admin: Identity) -> dict[str, CallOutcome]:
    """All calls at a stack that is given up to them."""
    names = stacks.deploy_pair(admin, template.load()).own
    return {str(call): attempt(admin, call, names) for call in in_order(CALLS)}


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_nothing_but_the_policies_is_in_the_way_of_a_call(
    outcomes_for_admin: dict[str, CallOutcome], call: Call[Names]
) -> None:
    outcome = outcomes_for_admin[str(call)]

    assert outcome.succeeded, outcome


def test_every_need_is_among_the_calls() -> None:
    assert {call.action for call in CALLS} >= tables.PRODUCER | tables.FUNCTION


def test_every_identity_of_the_template_has_its_table() -> None:
    loaded = template.load()

    found = template.of_type(loaded, *template.IDENTITIES)

    assert found == {
        template.only(loaded, "AWS::IAM::User"),
        template.only(loaded, "AWS::IAM::Role"),
    }


@pytest.mark.parametrize("identity", ["AWS::IAM::User", "AWS::IAM::Role"])
def test_an_identity_has_no_rights_but_those_written_in_the_template(identity: str) -> None:
    """A policy of AWS's that MiniStack does not know would go unnoticed."""
    found = template.properties(template.load(), identity)

    assert not found.keys() & {"ManagedPolicyArns", "Groups", "LoginProfile"}


def test_the_templates_options_open_nothing_of_the_table(admin: Identity) -> None:
    """Some of them give an identity another policy: a key to use, traces to send."""
    key = admin.client("kms").create_key()["KeyMetadata"]["Arn"]
    loaded = template.load()
    wanted = {"KmsKeyArn": key, "Tracing": "true"}
    options = {name: wanted[name] for name in wanted if name in loaded["Parameters"]}
    opted = stacks.deploy_pair(admin, loaded, **options)

    producer = identities.user(admin, opted.own.user)
    function = identities.role(admin, opted.own.role)

    assert not tables.departures(producer, tables.PRODUCER, opted)
    assert not tables.departures(function, tables.FUNCTION, opted)


def test_the_function_only_adds_to_the_bucket_for_exhausted_batches(admin: Identity) -> None:
    """Lambda does it as the function's role."""
    mine, other = "iam-kept", "iam-kept-by-others"
    for name in (mine, other):
        admin.client("s3").create_bucket(Bucket=name)
    loaded = template.load()
    names = stacks.deploy_pair(admin, loaded, ExhaustedBucket=mine).own
    s3 = identities.role(admin, names.role).client("s3")
    key = "aws/lambda/1a2b3c"

    s3.put_object(Bucket=mine, Key=key)
    s3.list_objects_v2(Bucket=mine)
    for call, arguments in (
        (s3.put_object, {"Bucket": mine, "Key": "elsewhere"}),
        (s3.get_object, {"Bucket": mine, "Key": key}),
        (s3.delete_object, {"Bucket": mine, "Key": key}),
        (s3.put_object, {"Bucket": other, "Key": key}),
        (s3.list_objects_v2, {"Bucket": other}),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call(**arguments)


def test_not_even_an_administrators_user_may_assume_the_functions_role(
    admin: Identity, pair: Pair
) -> None:
    mighty = identities.user_who_may(admin, "mighty", action="*")

    with pytest.raises(ClientError, match="AccessDenied"):
        mighty.client("sts").assume_role(RoleArn=pair.own.role_arn, RoleSessionName="session")


def test_a_wrong_secret_opens_nothing(producer: Identity, pair: Pair) -> None:
    forged = identities.with_another_secret(producer)

    with pytest.raises(ClientError, match="signature"):
        forged.client("kinesis").describe_stream_summary(StreamName=pair.own.stream)


def test_the_queue_and_the_stream_refuse_plain_http(admin: Identity) -> None:
    """Which is how the tests call; here with the right to do everything."""
    loaded = template.load(without=template.UNKNOWN)
    names = stacks.deploy_pair(admin, loaded).own
    mighty = identities.user_who_may(admin, "mighty-but-plain", action="*")
    mighty.client("kinesis").list_shards(StreamName=names.stream)
    policy = template.properties(template.whole(), "AWS::Kinesis::ResourcePolicy")["ResourcePolicy"]
    policy["Statement"][0]["Resource"] = names.stream_arn
    admin.client("kinesis").put_resource_policy(
        ResourceARN=names.stream_arn, Policy=json.dumps(policy)
    )

    with pytest.raises(ClientError, match="explicit deny"):
        mighty.client("sqs").send_message(QueueUrl=names.queue_url, MessageBody="m")
    with pytest.raises(ClientError, match="explicit deny"):
        mighty.client("kinesis").list_shards(StreamName=names.stream)
