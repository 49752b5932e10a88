"""With infra/deploy-policy.json nobody makes a user or role that may do more than a stack does."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.iam import identities, stacks, tables, template
from tests.iam.identities import Identity
from tweetpipe.project import ROOT

BOUNDARY = (ROOT / "infra" / "permissions-boundary.json").read_text(encoding="utf-8")
POLICY = json.loads((ROOT / "infra" / "deploy-policy.json").read_text(encoding="utf-8"))
EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)
USER, ROLE = "tweets-Producer-1A2B3C", "tweets-ProcessorRole-1A2B3C"
# Runs as the role: what it tries is said in its answer.
ESCALATES = """
import botocore.session

def handler(event, context):
    iam = botocore.session.get_session().create_client("iam", region_name="us-east-1")
    try:
        iam.create_user(UserName="administrator")
    except Exception as error:
        return str(error)
    return "made an administrator"
"""


@pytest.fixture(scope="module")
def boundary(admin: Identity) -> str:
    """The ARN of the boundary, as docs/aws.md has an administrator make it."""
    made = admin.client("iam").create_policy(
        PolicyName="tweetpipe-boundary", PolicyDocument=BOUNDARY
    )
    return str(made["Policy"]["Arn"])


@pytest.fixture(scope="module")
def intruder(admin: Identity) -> Identity:
    """Somebody who has the rights to deploy, and wants more."""
    statements = [template.as_evaluated(one) for one in POLICY["Statement"]]
    iam = admin.client("iam")
    made = iam.create_policy(
        PolicyName="intrude", PolicyDocument=json.dumps({**POLICY, "Statement": statements})
    )
    iam.create_user(UserName="intruder")
    iam.attach_user_policy(UserName="intruder", PolicyArn=made["Policy"]["Arn"])
    return identities.user(admin, "intruder")


@pytest.fixture
def mighty_user(admin: Identity, intruder: Identity, boundary: str) -> Iterator[Identity]:
    """A user that the intruder gave every right there is, within the boundary."""
    iam = intruder.client("iam")
    iam.create_user(UserName=USER, PermissionsBoundary=boundary)
    iam.put_user_policy(UserName=USER, PolicyName="all", PolicyDocument=EVERYTHING)
    yield identities.user(intruder, USER)
    _remove_user(admin, USER)


@pytest.fixture
def mighty_role(admin: Identity, intruder: Identity, boundary: str) -> Iterator[str]:
    """The ARN of a role that the intruder gave every right there is, within the boundary."""
    iam = intruder.client("iam")
    made = iam.create_role(
        RoleName=ROLE, AssumeRolePolicyDocument=TRUST, PermissionsBoundary=boundary
    )
    iam.put_role_policy(RoleName=ROLE, PolicyName="all", PolicyDocument=EVERYTHING)
    yield str(made["Role"]["Arn"])
    admin.client("iam").delete_role_policy(RoleName=ROLE, PolicyName="all")
    admin.client("iam").delete_role(RoleName=ROLE)


def test_a_user_with_every_right_may_no_more_than_the_boundary(
    mighty_user: Identity, boundary: str
) -> None:
    iam = mighty_user.client("iam")

    denied("iam:CreateUser", iam.create_user, UserName="administrator")
    denied("iam:DeleteUserPermissionsBoundary", iam.delete_user_permissions_boundary, UserName=USER)
    denied("s3:ListAllMyBuckets", mighty_user.client("s3").list_buckets)
    denied(
        "iam:CreatePolicyVersion",
        iam.create_policy_version,
        PolicyArn=boundary,
        PolicyDocument=EVERYTHING,
        SetAsDefault=True,
    )


def test_a_function_with_every_right_may_no_more_than_the_boundary(
    intruder: Identity, mighty_role: str
) -> None:
    function = intruder.client("lambda")
    function.create_function(
        FunctionName="tweets-escalates",
        Runtime="python3.13",
        Handler="main.handler",
        Role=mighty_role,
        Code={"ZipFile": _zipped(ESCALATES)},
    )

    answer = function.invoke(FunctionName="tweets-escalates")["Payload"].read().decode()

    assert "not authorized to perform: iam:CreateUser" in answer


def test_nothing_is_made_without_the_boundary(admin: Identity, intruder: Identity) -> None:
    iam = intruder.client("iam")
    other = admin.client("iam").create_policy(PolicyName="other", PolicyDocument=EVERYTHING)
    unbounded: list[dict[str, str]] = [{}, {"PermissionsBoundary": other["Policy"]["Arn"]}]

    for given in unbounded:
        denied("iam:CreateUser", iam.create_user, UserName=USER, **given)
        denied(
            "iam:CreateRole",
            iam.create_role,
            RoleName=ROLE,
            AssumeRolePolicyDocument=TRUST,
            **given,
        )


def test_whoever_has_no_boundary_gets_no_rights_but_may_be_put_into_it(
    admin: Identity, intruder: Identity, boundary: str
) -> None:
    """Such as the user and the role of a stack that an administrator deployed without one."""
    name = "tweets-old-Producer-1A2B3C"
    admin.client("iam").create_user(UserName=name)
    iam = intruder.client("iam")
    right = {"UserName": name, "PolicyName": "all", "PolicyDocument": EVERYTHING}

    denied("iam:PutUserPolicy", iam.put_user_policy, **right)
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    iam.put_user_policy(**right)

    _remove_user(admin, name)


def test_the_boundary_stays(
    intruder: Identity, boundary: str, mighty_user: Identity, mighty_role: str
) -> None:
    iam = intruder.client("iam")
    denied("iam:DeletePolicy", iam.delete_policy, PolicyArn=boundary)
    denied(
        "iam:CreatePolicyVersion",
        iam.create_policy_version,
        PolicyArn=boundary,
        PolicyDocument=EVERYTHING,
        SetAsDefault=True,
    )
    for kind, name in (("user", {"UserName": USER}), ("role", {"RoleName": ROLE})):
        right = f"{kind.title()}PermissionsBoundary"
        denied(f"iam:Delete{right}", getattr(iam, f"delete_{kind}_permissions_boundary"), **name)
        denied(
            f"iam:Put{right}",
            getattr(iam, f"put_{kind}_permissions_boundary"),
            **name,
            PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess",
        )


def test_the_producers_policy_is_neither_changed_nor_attached(
    admin: Identity, intruder: Identity
) -> None:
    """Whoever could change what a role has attached would have that role."""
    # MiniStack doesn't tie this call to a name; AWS does.
    made = admin.client("iam").create_policy(
        PolicyName="tweets-ProducerPolicy-1A2B3C", PolicyDocument=EVERYTHING
    )
    iam, policy = intruder.client("iam"), {"PolicyArn": made["Policy"]["Arn"]}

    denied(
        "iam:CreatePolicyVersion",
        iam.create_policy_version,
        **policy,
        PolicyDocument=EVERYTHING,
        SetAsDefault=True,
    )
    denied("iam:AttachUserPolicy", iam.attach_user_policy, **policy, UserName=USER)
    denied("iam:AttachRolePolicy", iam.attach_role_policy, **policy, RoleName=ROLE)
    iam.delete_policy(**policy)


def test_no_role_but_a_stacks_own_is_passed_to_a_function(
    admin: Identity, intruder: Identity
) -> None:
    made = admin.client("iam").create_role(RoleName="tweets-admin", AssumeRolePolicyDocument=TRUST)

    # Named after the call here; AWS names iam:PassRole.
    denied(
        "lambda:CreateFunction",
        intruder.client("lambda").create_function,
        FunctionName="tweets-passes",
        Runtime="python3.13",
        Handler="main.handler",
        Role=made["Role"]["Arn"],
        Code={"ZipFile": _zipped(ESCALATES)},
    )


def test_the_boundary_is_wide_enough_for_a_stack_with_all_options(admin: Identity) -> None:
    named_after_the_tests = BOUNDARY.replace("tweets-", "iam-")
    assert named_after_the_tests != BOUNDARY
    iam = admin.client("iam")
    wide = iam.create_policy(PolicyName="wide", PolicyDocument=named_after_the_tests)
    key = admin.client("kms").create_key()["KeyMetadata"]["Arn"]
    arn = wide["Policy"]["Arn"]
    admin.client("s3").create_bucket(Bucket="iam-exhausted")
    pair = stacks.deploy_pair(
        admin,
        template.load(),
        PermissionsBoundary=arn,
        KmsKeyArn=key,
        Tracing="true",
        ExhaustedBucket="iam-exhausted",
    )
    # MiniStack's CloudFormation takes a user's boundary from the template, but no role's.
    iam.put_role_permissions_boundary(RoleName=pair.own.role, PermissionsBoundary=arn)
    user = iam.get_user(UserName=pair.own.user)["User"]

    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert not tables.departures(identities.user(admin, pair.own.user), tables.PRODUCER, pair)
    function = identities.role(admin, pair.own.role)
    assert not tables.departures(function, tables.FUNCTION, pair)
    function.client("s3").put_object(Bucket="iam-exhausted", Key="aws/lambda/1a2b3c")
    function.client("s3").list_objects_v2(Bucket="iam-exhausted")


def denied(action: str, call: Any, **arguments: Any) -> None:
    """The call ends because the policies don't allow the action."""
    with pytest.raises(ClientError, match=f"not authorized to perform: {action} "):
        call(**arguments)


def _zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", source)
    return buffer.getvalue()


def _remove_user(admin: Identity, name: str) -> None:
    iam = admin.client("iam")
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_user(UserName=name)
