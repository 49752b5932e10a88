"""What deleted stacks have left on an emulator: whose it is, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tweetpipe.stubs import StubbedPlace, complete_stack, stubbed_place
from tweetpipe.aws.errors import DeployFailed
from tweetpipe.aws.place import Target
from tweetpipe.deploying import leftovers, owner, parameters
from tweetpipe.project import TEMPLATE

NAME = "tweets"
ID = "arn:aws:cloudformation:us-east-1:000000000000:stack/tweets/"
TABLE, QUEUE = "AWS::DynamoDB::Table", "AWS::SQS::Queue"
URL = "http://localhost:4566/000000000000/tweets-DeadLetters"
THEN = datetime(2026, 11, 26, 12, tzinfo=UTC)

Event = tuple[str, str, str]
"""Of a resource: its type, its name, its status."""

MADE_TABLE = (TABLE, "tweets-EventData", "CREATE_COMPLETE")
MADE_QUEUE = (QUEUE, URL, "CREATE_COMPLETE")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This checkout's home."""
    monkeypatch.setattr(owner, "LOCALSTACK_HOME", tmp_path)
    return tmp_path


@pytest.fixture
def place() -> Iterator[StubbedPlace]:
    with stubbed_place("cloudformation", "dynamodb", "sqs") as place:
        yield place


def will_remember(
    place: StubbedPlace, *stacks: tuple[str, list[Event]], statuses: tuple[str, ...] = ()
) -> None:
    """CloudFormation's history: stacks with their ids, and what happened to their resources."""
    client = place.stubbers["cloudformation"]
    statuses = statuses or ("DELETE_COMPLETE",) * len(stacks)
    summaries: list[dict[str, Any]] = [
        {"StackName": NAME, "StackId": ID + id, "StackStatus": status, "CreationTime": THEN}
        for (id, _), status in zip(stacks, statuses, strict=True)
    ]
    other = {"StackName": "other", "StackStatus": "DELETE_COMPLETE", "CreationTime": THEN}
    client.add_response("list_stacks", {"StackSummaries": [other, *summaries]}, {})
    # The deleted ones' are to be read first.
    for (id, happened), _ in sorted(
        zip(stacks, statuses, strict=True), key=lambda pair: pair[1] != "DELETE_COMPLETE"
    ):
        events = [
            {
                "StackId": ID + id,
                "EventId": str(number),
                "StackName": NAME,
                "Timestamp": THEN,
                "ResourceType": kind,
                "PhysicalResourceId": name,
                "ResourceStatus": status,
            }
            for number, (kind, name, status) in enumerate(happened)
        ]
        client.add_response(
            "describe_stack_events", {"StackEvents": events[::-1]}, {"StackName": ID + id}
        )


def will_tell_whose(place: StubbedPlace, id: str, tag: str | None) -> None:
    stack: dict[str, Any] = {
        "StackName": NAME,
        "StackStatus": "DELETE_COMPLETE",
        "CreationTime": THEN,
        "Tags": [{"Key": owner.TAG, "Value": tag}] if tag else [],
    }
    place.stubbers["cloudformation"].add_response(
        "describe_stacks", {"Stacks": [stack]}, {"StackName": ID + id}
    )


def will_have_table(place: StubbedPlace, made: datetime = THEN) -> None:
    place.stubbers["dynamodb"].add_response(
        "describe_table",
        {"Table": {"TableName": "tweets-EventData", "CreationDateTime": made}},
        {"TableName": "tweets-EventData"},
    )


def will_delete_table(place: StubbedPlace) -> None:
    client = place.stubbers["dynamodb"]
    client.add_response("update_table", {})
    client.add_response("delete_table", {}, {"TableName": "tweets-EventData"})


def ours(place: StubbedPlace) -> str:
    """This checkout's tag."""
    return owner.tags(place, None)[owner.TAG]


def test_what_a_stack_of_ours_left_is_removed_without_a_question(place: StubbedPlace) -> None:
    for asked in (leftovers.not_ours, lambda place, name: leftovers.clear(place, name, None, [])):
        will_remember(place, ("1", [MADE_TABLE]))
        will_have_table(place)
        will_tell_whose(place, "1", ours(place))
        if asked is leftovers.not_ours:
            assert asked(place, NAME) == []
        else:
            will_delete_table(place)
            assert asked(place, NAME) == ["tweets-EventData"]


@pytest.mark.parametrize("tag", [None, "0" * 32])
def test_what_is_another_checkouts_or_nobody_knows_whose_is_asked_about_first(
    place: StubbedPlace, tag: str | None
) -> None:
    def look() -> None:
        will_remember(place, ("1", [MADE_TABLE]))
        will_have_table(place)
        will_tell_whose(place, "1", tag)

    look()
    theirs = leftovers.not_ours(place, NAME)
    assert [str(left) for left in theirs] == ["tweets-EventData (AWS::DynamoDB::Table)"]
    assert theirs[0].holds_data

    look()
    assert leftovers.clear(place, NAME, None, []) == []
    look()
    will_delete_table(place)
    assert leftovers.clear(place, NAME, None, theirs) == ["tweets-EventData"]


def test_what_cloudformation_has_forgotten_the_owner_of_is_asked_about(
    place: StubbedPlace,
) -> None:
    will_remember(place, ("1", [MADE_TABLE]))
    will_have_table(place)
    place.stubbers["cloudformation"].add_client_error(
        "describe_stacks", "ValidationError", "Stack with id … does not exist"
    )
    assert len(leftovers.not_ours(place, NAME)) == 1


def test_what_was_made_anew_since_is_asked_about_whoever_made_the_first(
    place: StubbedPlace,
) -> None:
    will_remember(place, ("1", [MADE_TABLE, MADE_QUEUE]))
    will_have_table(place, made=THEN + timedelta(hours=1))
    since = (THEN + timedelta(hours=1)).timestamp()
    place.stubbers["sqs"].add_response(
        "get_queue_attributes", {"Attributes": {"CreatedTimestamp": f"{since:.0f}"}}
    )
    found = leftovers.not_ours(place, NAME)
    assert [left.physical_id for left in found] == [URL, "tweets-EventData"]  # newest first


def test_what_is_no_longer_there_is_neither_asked_about_nor_removed(place: StubbedPlace) -> None:
    look: list[Callable[[], object]] = [
        lambda: leftovers.not_ours(place, NAME),
        lambda: leftovers.clear(place, NAME, None, []),
    ]
    for ask in look:
        will_remember(place, ("1", [MADE_TABLE, MADE_QUEUE]))
        place.stubbers["dynamodb"].add_client_error("describe_table", "ResourceNotFoundException")
        place.stubbers["sqs"].add_client_error(
            "get_queue_attributes", "AWS.SimpleQueueService.NonExistentQueue"
        )
        assert ask() == []


@pytest.mark.parametrize("status", ["DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_what_its_stack_deleted_or_was_to_keep_is_not_left(
    place: StubbedPlace, status: str
) -> None:
    will_remember(place, ("1", [MADE_TABLE, (TABLE, "tweets-EventData", status)]))
    assert leftovers.not_ours(place, NAME) == []


def test_what_a_living_stack_of_the_name_has_is_not_left(place: StubbedPlace) -> None:
    will_remember(
        place,
        ("2", [MADE_TABLE]),
        ("1", [MADE_TABLE]),
        statuses=("CREATE_IN_PROGRESS", "DELETE_COMPLETE"),
    )
    assert leftovers.not_ours(place, NAME) == []


def test_what_the_stack_left_that_was_just_deleted_needs_no_second_answer(
    place: StubbedPlace,
) -> None:
    will_remember(place, ("1", [MADE_TABLE]))
    will_have_table(place)
    will_delete_table(place)
    deleted = replace(complete_stack(), id=f"{ID}1")
    assert leftovers.clear(place, NAME, deleted, []) == ["tweets-EventData"]


def test_what_can_not_be_deleted_is_named_with_the_reason(place: StubbedPlace) -> None:
    will_remember(place, ("1", [MADE_TABLE]))
    will_have_table(place)
    will_tell_whose(place, "1", ours(place))
    place.stubbers["dynamodb"].add_response("update_table", {})
    place.stubbers["dynamodb"].add_client_error("delete_table", "ResourceInUseException", "busy")
    with pytest.raises(DeployFailed, match=r"tweets-EventData \(AWS::DynamoDB::Table\) could not"):
        leftovers.clear(place, NAME, None, [])


def test_on_aws_nothing_is_looked_for(place: StubbedPlace) -> None:
    on_aws = replace(place, target=Target.AWS, endpoint=None)
    assert leftovers.not_ours(on_aws, NAME) == []
    assert leftovers.clear(on_aws, NAME, None, []) == []


# These go with the resource that they belong to, or LocalStack makes nothing of them.
GO_WITH_ANOTHER = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::IAM::AccessKey",
    "AWS::Kinesis::ResourcePolicy",
    "AWS::Kinesis::StreamConsumer",
    "AWS::SQS::QueuePolicy",
}


def test_all_that_the_template_makes_can_be_removed() -> None:
    resources = parameters.read(TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    assert {resource["Type"] for resource in resources.values()} == (
        set(leftovers._KINDS) | GO_WITH_ANOTHER
    )


def test_a_users_policies_go_before_its_stack() -> None:
    name = "tweets-Producer-1"
    with stubbed_place("cloudformation", "iam") as place:
        place.stubbers["cloudformation"].add_response(
            "describe_stack_resources",
            {
                "StackResources": [
                    {
                        "LogicalResourceId": kind,
                        "PhysicalResourceId": physical_id,
                        "ResourceType": f"AWS::IAM::{kind}",
                        "Timestamp": THEN,
                        "ResourceStatus": "CREATE_COMPLETE",
                    }
                    for kind, physical_id in (("Role", "tweets-Role-1"), ("User", name))
                ]
            },
            {"StackName": f"{ID}1"},
        )
        iam = place.stubbers["iam"]
        iam.add_response(
            "list_attached_user_policies", {"AttachedPolicies": []}, {"UserName": name}
        )
        iam.add_response("list_user_policies", {"PolicyNames": ["put-events"]}, {"UserName": name})
        iam.add_response("delete_user_policy", {}, {"UserName": name, "PolicyName": "put-events"})

        leftovers.strip_users(place, f"{ID}1")
