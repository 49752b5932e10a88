from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY

from tests.unit.tweetpipe.commands.endpoint import Endpoint, stack_in, xml
from tests.unit.tweetpipe.stubs import StubbedPlace, stubbed_place
from tweetpipe.aws.errors import DeployFailed, WrongUsage
from tweetpipe.aws.place import local_place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import changes
from tweetpipe.deploying.changes import Change, ChangeSet

PLAN_ID = "arn:aws:cloudformation:us-east-1:000000000000:changeSet/plan/1"
STACK_ID = "arn:aws:cloudformation:us-east-1:000000000000:stack/tweets/1"
IDS = {"ChangeSetName": PLAN_ID, "StackName": STACK_ID}


def existing(status: str = "CREATE_COMPLETE") -> Stack:
    return Stack(
        name="tweets",
        id=STACK_ID,
        status=status,
        reason="",
        parameters={"ShardCount": "2", "StreamMode": "PROVISIONED"},
        outputs={},
    )


def will_start(place: StubbedPlace, kind: str, parameters: list[dict[str, Any]]) -> None:
    place.stubbers["cloudformation"].add_response(
        "create_change_set",
        {"Id": PLAN_ID, "StackId": STACK_ID},
        {
            "StackName": "tweets",
            "ChangeSetName": ANY,
            "ChangeSetType": kind,
            "TemplateBody": "template",
            "Capabilities": ["CAPABILITY_IAM"],
            "Parameters": parameters,
        },
    )


def will_say(place: StubbedPlace, status: str, **more: Any) -> None:
    place.stubbers["cloudformation"].add_response(
        "describe_change_set", {"Status": status, **more}, {**IDS, "IncludePropertyValues": True}
    )


def will_discard(
    place: StubbedPlace,
    *,
    creates: bool,
    status: str = "REVIEW_IN_PROGRESS",
    others: tuple[str, ...] = (),
) -> None:
    """Prepares the answers to a discarded plan, and fails if it deletes more than its own."""
    client = place.stubbers["cloudformation"]
    client.add_response("delete_change_set", {}, IDS)
    if not creates:
        return
    # In this order: the other way round, the status could be from before the other plan's execution
    # and the list from after it.
    summaries = [{"ChangeSetName": name} for name in others]
    client.add_response("list_change_sets", {"Summaries": summaries}, {"StackName": STACK_ID})
    stack = {"StackName": "tweets", "StackStatus": status, "CreationTime": datetime.now(UTC)}
    client.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK_ID})
    if status == "REVIEW_IN_PROGRESS" and not others:
        client.add_response("delete_stack", {}, {"StackName": STACK_ID})


def plan(
    place: StubbedPlace, known: Stack | None, slept: list[float] | None = None, **given: str
) -> ChangeSet | None:
    sleep = (list[float]() if slept is None else slept).append
    return changes.create(
        place, "tweets", known, template="template", parameters=given, sleep=sleep
    )


def test_a_new_stack_is_planned_as_a_creation() -> None:
    slept: list[float] = []
    resource = {
        "Action": "Add",
        "LogicalResourceId": "EventData",
        "ResourceType": "AWS::DynamoDB::Table",
        "Replacement": "True",
    }
    with stubbed_place("cloudformation") as place:
        will_start(place, "CREATE", [{"ParameterKey": "ShardCount", "ParameterValue": "4"}])
        will_say(place, "CREATE_IN_PROGRESS")
        will_say(place, "CREATE_COMPLETE", Changes=[{"ResourceChange": resource}])
        found = plan(place, None, slept, ShardCount="4")

    assert found == ChangeSet(
        id=PLAN_ID,
        stack_id=STACK_ID,
        creates=True,
        changes=(
            Change(
                action="Add",
                logical_id="EventData",
                type="AWS::DynamoDB::Table",
                replacement="True",
            ),
        ),
    )
    assert not found.loses_data
    assert len(slept) == 1


def test_parameters_that_are_not_named_keep_their_values() -> None:
    with stubbed_place("cloudformation") as place:
        will_start(
            place,
            "UPDATE",
            [
                {"ParameterKey": "ShardCount", "ParameterValue": "4"},
                {"ParameterKey": "StreamMode", "UsePreviousValue": True},
            ],
        )
        will_say(place, "CREATE_COMPLETE")
        found = plan(place, existing(), ShardCount="4")

    assert found is not None
    assert not found.creates


def test_a_stack_that_only_awaits_review_is_created() -> None:
    with stubbed_place("cloudformation") as place:
        will_start(place, "CREATE", [])
        will_say(place, "CREATE_COMPLETE")
        found = plan(place, existing("REVIEW_IN_PROGRESS"))

    assert found is not None
    assert found.creates


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information.",
        "No updates are to be performed.",
    ],
)
def test_no_change_is_no_plan(reason: str) -> None:
    kept = [
        {"ParameterKey": name, "UsePreviousValue": True} for name in ("ShardCount", "StreamMode")
    ]
    with stubbed_place("cloudformation") as place:
        will_start(place, "UPDATE", kept)
        will_say(place, "FAILED", StatusReason=reason)
        will_discard(place, creates=False)

        assert plan(place, existing()) is None


def test_what_cloudformation_refuses_is_wrong_usage() -> None:
    with stubbed_place("cloudformation") as place:
        place.stubbers["cloudformation"].add_client_error(
            "create_change_set", "ValidationError", "Parameters: [Nope] do not exist"
        )
        with pytest.raises(WrongUsage, match=r"rejected this: Parameters: \[Nope\] do not exist"):
            plan(place, None, Nope="1")


def test_any_other_refusal_is_passed_on() -> None:
    with stubbed_place("cloudformation") as place:
        place.stubbers["cloudformation"].add_client_error("create_change_set", "AccessDenied")
        with pytest.raises(place.cloudformation().exceptions.ClientError, match="AccessDenied"):
            plan(place, None)


def test_a_failed_plan_leaves_no_empty_stack_behind() -> None:
    with stubbed_place("cloudformation") as place:
        will_start(place, "CREATE", [])
        will_say(place, "FAILED", StatusReason="Transform failed")
        will_discard(place, creates=True)
        with pytest.raises(DeployFailed, match="could not plan the deployment: Transform failed"):
            plan(place, None)


MEANWHILE = pytest.mark.parametrize(
    ("status", "others"),
    [
        ("CREATE_IN_PROGRESS", ()),
        ("CREATE_COMPLETE", ()),
        ("UPDATE_COMPLETE", ("tweetpipe-of-another",)),
        ("REVIEW_IN_PROGRESS", ("tweetpipe-of-another",)),
    ],
)


@MEANWHILE
def test_a_failed_plan_leaves_what_somebody_else_did_meanwhile(
    status: str, others: tuple[str, ...]
) -> None:
    with stubbed_place("cloudformation") as place:
        will_start(place, "CREATE", [])
        will_say(place, "FAILED", StatusReason="Transform failed")
        will_discard(place, creates=True, status=status, others=others)
        with pytest.raises(DeployFailed):
            plan(place, None)


@MEANWHILE
def test_a_discarded_plan_leaves_what_somebody_else_did_meanwhile(
    status: str, others: tuple[str, ...]
) -> None:
    with stubbed_place("cloudformation") as place:
        will_discard(place, creates=True, status=status, others=others)
        changes.discard(place, ChangeSet(id=PLAN_ID, stack_id=STACK_ID, creates=True, changes=()))


@pytest.mark.parametrize("code", ["InvalidChangeSetStatus", "ChangeSetNotFound"])
def test_a_plan_that_is_being_carried_out_or_forgotten_is_left(code: str) -> None:
    with stubbed_place("cloudformation") as place:
        place.stubbers["cloudformation"].add_client_error("delete_change_set", code)
        changes.discard(place, ChangeSet(id=PLAN_ID, stack_id=STACK_ID, creates=True, changes=()))


def test_a_deletion_that_is_refused_is_not_sent_again_without_another_look() -> None:
    """Meanwhile the stack may be somebody's."""
    answers = {
        "DeleteChangeSet": xml("DeleteChangeSet", ""),
        "ListChangeSets": xml("ListChangeSets", "<Summaries/>"),
        "DescribeStacks": stack_in("REVIEW_IN_PROGRESS"),
    }
    with Endpoint(answers, denies=True, code="Throttling").serving() as endpoint:
        place = local_place(embedded_endpoint=endpoint.url, environ={})
        with pytest.raises(ClientError, match="Throttling"):
            changes.discard(
                place, ChangeSet(id=PLAN_ID, stack_id=STACK_ID, creates=True, changes=())
            )

    assert endpoint.asked == [*answers, "DeleteStack"]


def test_ctrl_c_while_planning_leaves_no_empty_stack_behind() -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with stubbed_place("cloudformation") as place:
        will_start(place, "CREATE", [])
        will_say(place, "CREATE_IN_PROGRESS")
        will_discard(place, creates=True)
        with pytest.raises(KeyboardInterrupt):
            changes.create(
                place, "tweets", None, template="template", parameters={}, sleep=interrupt
            )


@pytest.mark.parametrize(
    ("action", "kind", "replacement", "policy", "loses"),
    [
        ("Modify", "AWS::Kinesis::Stream", "True", "ReplaceAndDelete", True),
        ("Modify", "AWS::DynamoDB::Table", "Conditional", "", True),
        ("Remove", "AWS::DynamoDB::Table", "", "Delete", True),
        ("Remove", "AWS::SQS::Queue", "", "", True),
        ("Remove", "AWS::DynamoDB::Table", "", "Retain", False),
        ("Modify", "AWS::DynamoDB::Table", "True", "ReplaceAndRetain", False),
        ("Modify", "AWS::DynamoDB::Table", "False", "", False),
        ("Remove", "AWS::Lambda::Function", "", "Delete", False),
        ("Add", "AWS::DynamoDB::Table", "", "", False),
    ],
)
def test_a_plan_loses_data_when_what_holds_it_goes(
    action: str, kind: str, replacement: str, policy: str, loses: bool
) -> None:
    resource: dict[str, Any] = {"Action": action, "LogicalResourceId": "X", "ResourceType": kind}
    resource |= {"Replacement": replacement} if replacement else {}
    resource |= {"PolicyAction": policy} if policy else {}
    with stubbed_place("cloudformation") as place:
        will_start(place, "CREATE", [])
        will_say(place, "CREATE_COMPLETE", Changes=[{"ResourceChange": resource}])
        found = plan(place, None)

    assert found is not None
    assert found.loses_data is loses


def test_a_plan_names_what_changes_and_the_parameters_to_come() -> None:
    name = {"Target": {"Attribute": "Properties", "Name": "ShardCount"}}
    resource = {
        "Action": "Modify",
        "LogicalResourceId": "EventStream",
        "ResourceType": "AWS::Kinesis::Stream",
        "Replacement": "False",
        "Details": [name, name, {"Target": {"Attribute": "Tags"}}],
    }
    with stubbed_place("cloudformation") as place:
        will_start(place, "CREATE", [])
        will_say(
            place,
            "CREATE_COMPLETE",
            Changes=[{"ResourceChange": resource}],
            Parameters=[{"ParameterKey": "ShardCount", "ParameterValue": "4"}],
        )
        found = plan(place, None)

    assert found is not None
    assert [*map(str, found.changes[0].properties)] == ["ShardCount", "Tags"]
    assert found.parameters == {"ShardCount": "4"}


def changed(name: str, path: str = "", **values: str) -> dict[str, Any]:
    where = {"Path": f"/Properties/{path}"} if path else {}
    return {"Target": {"Attribute": "Properties", "Name": name, **where, **values}}


@pytest.mark.parametrize(
    ("details", "shown"),
    [
        (
            [changed("ShardCount", "ShardCount", BeforeValue="1", AfterValue="2")] * 2,
            ["ShardCount 1 -> 2"],
        ),
        (
            # One says that it changes, the other what it was and becomes.
            [
                changed("ShardCount"),
                changed("ShardCount", "ShardCount", BeforeValue="1", AfterValue="2"),
            ],
            ["ShardCount 1 -> 2"],
        ),
        (
            [
                changed(
                    "StreamModeDetails",
                    "StreamModeDetails/StreamMode",
                    BeforeValue="PROVISIONED",
                    AfterValue="ON_DEMAND",
                ),
                changed("ShardCount", "ShardCount", BeforeValue="4"),
                changed("RecordDistributionStrategy", AfterValue="AUTO"),
            ],
            [
                "StreamModeDetails/StreamMode PROVISIONED -> ON_DEMAND",
                "ShardCount 4 -> (not set)",
                "RecordDistributionStrategy (not set) -> AUTO",
            ],
        ),
        (
            [changed("SecretString", BeforeValue="wJalrXUtnFEMI", AfterValue="known later")],
            ["SecretString"],
        ),
        (
            [changed("Description", BeforeValue="x" * 61, AfterValue="two\n lines")],
            [f"Description {'x' * 59}… -> two lines"],
        ),
        (
            # What differs is shown, wherever it is.
            [
                changed(
                    "Policy", BeforeValue=f"{'x' * 90} old", AfterValue=f"{'x' * 90} new{'y' * 90}"
                )
            ],
            [f"Policy …{'x' * 18} old -> …{'x' * 18} new{'y' * 36}…"],
        ),
        (
            [changed("Policy", BeforeValue=f"old {'x' * 90}", AfterValue=f"new {'x' * 90}")],
            [f"Policy old {'x' * 55}… -> new {'x' * 55}…"],
        ),
    ],
)
def test_a_plan_tells_the_old_and_the_new_value_but_of_no_secret(
    details: list[dict[str, Any]], shown: list[str]
) -> None:
    resource = {
        "Action": "Modify",
        "LogicalResourceId": "X",
        "ResourceType": "AWS::Kinesis::Stream",
        "Details": details,
    }
    with stubbed_place("cloudformation") as place:
        will_start(place, "CREATE", [])
        will_say(place, "CREATE_COMPLETE", Changes=[{"ResourceChange": resource}])
        found = plan(place, None)

    assert found is not None
    assert [*map(str, found.changes[0].properties)] == shown


def test_a_plan_that_reverts_drift_asks_for_that() -> None:
    with stubbed_place("cloudformation") as place:
        place.stubbers["cloudformation"].add_response(
            "create_change_set",
            {"Id": PLAN_ID, "StackId": STACK_ID},
            {
                "StackName": "tweets",
                "ChangeSetName": ANY,
                "ChangeSetType": "UPDATE",
                "TemplateBody": "template",
                "Capabilities": ["CAPABILITY_IAM"],
                "Parameters": ANY,
                "DeploymentMode": "REVERT_DRIFT",
            },
        )
        will_say(place, "CREATE_COMPLETE")
        found = changes.create(
            place,
            "tweets",
            existing(),
            template="template",
            parameters={},
            reverts_drift=True,
        )

    assert found is not None


def test_all_pages_of_a_plan_count() -> None:
    def change(action: str, kind: str) -> dict[str, Any]:
        return {
            "ResourceChange": {"Action": action, "LogicalResourceId": "X", "ResourceType": kind}
        }

    with stubbed_place("cloudformation") as place:
        will_start(place, "CREATE", [])
        first = [change("Add", "AWS::IAM::Role")]
        will_say(place, "CREATE_COMPLETE", Changes=first, NextToken="more")
        place.stubbers["cloudformation"].add_response(
            "describe_change_set",
            {"Status": "CREATE_COMPLETE", "Changes": [change("Remove", "AWS::DynamoDB::Table")]},
            {**IDS, "NextToken": "more", "IncludePropertyValues": True},
        )
        found = plan(place, None)

    assert found is not None
    assert len(found.changes) == 2
    assert found.loses_data
