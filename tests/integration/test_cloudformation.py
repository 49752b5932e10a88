"""What an update of a stack makes anew and leaves alone, and what a deletion deletes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tweetpipe.aws.place import Place

CHOSEN: dict[str, Any] = {"Fn::Equals": [{"Ref": "Wide"}, "true"]}
IN_OTHER_WORDS: dict[str, Any] = {"Fn::Not": [{"Fn::Equals": [{"Ref": "Wide"}, "false"]}]}


@pytest.fixture
def name(place: Place) -> Iterator[str]:
    """The name of a stack that is deleted after the test."""
    name = f"update-{uuid.uuid4().hex[:8]}"
    yield name
    client = place.cloudformation()
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def template(name: str, condition: dict[str, Any], *, timeout: int = 30) -> str:
    """A queue whose name a condition chooses."""
    chosen = {"Fn::If": ["Chosen", f"{name}-wide", f"{name}-narrow"]}
    properties = {"QueueName": chosen, "VisibilityTimeout": timeout}
    return json.dumps(
        {
            "Parameters": {"Wide": {"Type": "String"}},
            "Conditions": {"Chosen": condition},
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": properties}},
        }
    )


def carry_out(place: Place, name: str, kind: str, body: str, wide: str) -> dict[str, str]:
    """What the plan says of the replacement of each resource, once it is carried out."""
    client = place.cloudformation()
    plan = client.create_change_set(
        StackName=name,
        ChangeSetName=f"p-{uuid.uuid4().hex[:8]}",
        ChangeSetType=kind,  # type: ignore[arg-type]
        TemplateBody=body,
        Parameters=[{"ParameterKey": "Wide", "ParameterValue": wide}],
    )
    waiting: Any = {"Delay": 1}
    client.get_waiter("change_set_create_complete").wait(
        ChangeSetName=plan["Id"], WaiterConfig=waiting
    )
    changes = client.describe_change_set(ChangeSetName=plan["Id"])["Changes"]
    client.execute_change_set(ChangeSetName=plan["Id"])
    ended = client.get_waiter(
        "stack_create_complete" if kind == "CREATE" else "stack_update_complete"
    )
    ended.wait(StackName=name, WaiterConfig=waiting)
    return {
        change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"].get(
            "Replacement", ""
        )
        for change in changes
    }


def messages(place: Place, name: str) -> dict[str, list[str]]:
    """Those in each of the stack's queues; what was made anew has none."""
    sqs = place.sqs()
    return {
        url.rpartition("-")[2]: [
            message["Body"] for message in sqs.receive_message(QueueUrl=url).get("Messages", [])
        ]
        for url in sqs.list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    }


def put_a_message(place: Place, name: str) -> None:
    url = place.sqs().get_queue_url(QueueName=f"{name}-wide")["QueueUrl"]
    place.sqs().send_message(QueueUrl=url, MessageBody="kept")


def test_the_same_value_in_other_words_makes_nothing_anew(place: Place, name: str) -> None:
    carry_out(place, name, "CREATE", template(name, CHOSEN), "true")
    put_a_message(place, name)

    changed = template(name, IN_OTHER_WORDS, timeout=40)
    planned = carry_out(place, name, "UPDATE", changed, "true")

    assert planned == {"Queue": "False"}
    assert messages(place, name) == {"wide": ["kept"]}


def test_another_value_makes_anew_what_has_it(place: Place, name: str) -> None:
    carry_out(place, name, "CREATE", template(name, CHOSEN), "true")
    put_a_message(place, name)

    planned = carry_out(place, name, "UPDATE", template(name, CHOSEN), "false")

    assert planned == {"Queue": "True"}
    assert messages(place, name) == {"narrow": []}


def test_a_user_is_deleted_with_the_policies_and_groups_that_it_has(place: Place) -> None:
    name = f"delete-{uuid.uuid4().hex[:8]}"
    properties = {
        "UserName": name,
        "Groups": [{"Ref": "Group"}],
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    }
    resources = {
        "User": {"Type": "AWS::IAM::User", "Properties": properties},
        "Group": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": name}},
    }
    client, iam = place.cloudformation(), place.iam()
    id_ = client.create_stack(
        StackName=name,
        TemplateBody=json.dumps({"Resources": resources}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )["StackId"]
    client.get_waiter("stack_create_complete").wait(StackName=id_, WaiterConfig={"Delay": 1})
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
    }
    iam.put_user_policy(UserName=name, PolicyName="by-hand", PolicyDocument=json.dumps(document))

    client.delete_stack(StackName=id_)
    client.get_waiter("stack_delete_complete").wait(StackName=id_, WaiterConfig={"Delay": 1})

    happened = client.describe_stack_events(StackName=id_)["StackEvents"]
    assert not [e for e in happened if e["ResourceStatus"].endswith("_FAILED")]
    assert name not in {user["UserName"] for user in iam.list_users()["Users"]}
