"""What CloudFormation says of stacks that need a hand, from the one emulator that says it."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.iam import stacks, template
from tests.iam.identities import REGION, Identity
from tests.waiting import wait_for
from tweetpipe.aws import stack
from tweetpipe.aws.errors import DeployFailed
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import drift, endings, events

ANSWERS = """
import json
from urllib.request import Request, urlopen

def handler(event, context):
    same = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer = json.dumps({"Status": "SUCCESS", "PhysicalResourceId": "one", **same}).encode()
    urlopen(Request(event["ResponseURL"], answer, method="PUT"))
"""
# An update then fails, and so does taking it back.
REFUSES = ANSWERS.replace(
    '"SUCCESS"', '"FAILED" if event["RequestType"] == "Update" else "SUCCESS"'
)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@pytest.fixture
def place(admin: Identity) -> Place:
    """The emulator as if it were AWS."""
    session = boto3.Session(
        aws_access_key_id=admin.access_key_id,
        aws_secret_access_key=admin.secret_access_key,
        region_name=REGION,
    )
    return Place(target=Target.AWS, session=session, endpoint=admin.endpoint, region=REGION)


def body(name: str, version: int) -> str:
    """What a function of ours makes."""
    resources: dict[str, Any] = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "Maker": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": name,
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": REFUSES},
            },
        },
        "Made": {
            "Type": "Custom::Made",
            "Properties": {
                "ServiceToken": {"Fn::GetAtt": ["Maker", "Arn"]},
                "Version": version,
            },
        },
    }
    return json.dumps({"Resources": resources})


def once_ended(place: Place, name: str) -> Stack:
    """The stack as soon as nothing is done to it any more."""

    def ended() -> Stack | None:
        found = stack.find(place, name)
        return None if found is None or found.is_busy else found

    there = wait_for(ended, f"the stack {name}")
    assert there
    return there


@pytest.fixture
def stuck(place: Place) -> Iterator[Stack]:
    """A stack whose update failed, and could not be taken back."""
    name = f"stuck-{uuid.uuid4().hex[:8]}"
    client = place.cloudformation()
    both: Any = {"StackName": name, "Capabilities": ["CAPABILITY_IAM"]}
    client.create_stack(TemplateBody=body(name, 1), **both)
    assert once_ended(place, name).status == "CREATE_COMPLETE"
    client.update_stack(TemplateBody=body(name, 2), **both)
    there = once_ended(place, name)
    assert there.status == "UPDATE_ROLLBACK_FAILED"
    yield there
    client.delete_stack(StackName=name)


def test_an_update_that_could_not_be_taken_back_is_taken_back_as_it_is_told(
    place: Place, stuck: Stack
) -> None:
    happened = events.every(place, stuck.id)
    with pytest.raises(DeployFailed) as at_the_end:
        endings.check_end(place, stuck.name, stuck.status, happened, wanted=endings.DEPLOYED)
    with pytest.raises(DeployFailed) as at_the_start:
        endings.check_start(place, stuck)

    assert str(at_the_end.value).startswith("Made (Custom::Made) failed: ")
    assert "The rollback failed, too (Made: " in str(at_the_end.value)
    for said in (str(at_the_end.value), str(at_the_start.value)):
        assert f"continue-update-rollback --stack-name {stuck.name}\n" in said
        assert "--resources-to-skip Made to" in said

    place.lambda_().update_function_code(FunctionName=stuck.name, ZipFile=packed(ANSWERS))
    place.cloudformation().continue_update_rollback(StackName=stuck.name)
    after = once_ended(place, stuck.name)
    assert after.status == "UPDATE_ROLLBACK_COMPLETE"
    endings.check_start(place, after)


def packed(source: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("index.py", source)
    return archive.getvalue()


def test_what_cannot_be_fixed_is_skipped(place: Place, stuck: Stack) -> None:
    place.cloudformation().continue_update_rollback(StackName=stuck.name, ResourcesToSkip=["Made"])

    assert once_ended(place, stuck.name).status == "UPDATE_ROLLBACK_COMPLETE"


def test_what_was_changed_and_deleted_by_hand_is_found(admin: Identity, place: Place) -> None:
    made = stacks.deploy(admin, template.load())
    deployed = stack.get(place, made.stack)
    unknown: list[str] = []
    before = drift.look(place, deployed, unknown.append, sleep=lambda _: None)

    place.lambda_().update_function_configuration(FunctionName=made.function, Timeout=3)
    place.sqs().delete_queue(QueueUrl=made.queue_url)
    after = drift.look(place, deployed, unknown.append, sleep=lambda _: None)

    assert set(after) - set(before) == {
        "Processor: /Timeout is 3 instead of 60",
        "DeadLetters is missing",
    }
    assert unknown == []
