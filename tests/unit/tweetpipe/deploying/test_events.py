from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.tweetpipe.stubs import StubbedPlace, stubbed_place
from tweetpipe.aws.place import Target
from tweetpipe.deploying import events
from tweetpipe.deploying.events import Event

STACK_ID = "arn:aws:cloudformation:us-east-1:000000000000:stack/tweets/1"
AT = datetime(2024, 1, 1, tzinfo=UTC)


def will_be(
    place: StubbedPlace,
    status: str,
    *newest_first: str,
    of: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Prepares one look at the stack: its status, then its events."""
    client = place.stubbers["cloudformation"]
    client.add_response(
        "describe_stacks",
        {"Stacks": [{"StackName": "tweets", "StackStatus": status, "CreationTime": AT}]},
    )
    will_list(place, *newest_first, of=of)


def will_list(
    place: StubbedPlace, *newest_first: str, of: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """`of` has more about an event, by its id."""
    found: list[dict[str, Any]] = [
        {"EventId": id_, "StackId": STACK_ID, "StackName": "tweets", "Timestamp": AT}
        | dict((of or {}).get(id_, {}))
        for id_ in newest_first
    ]
    place.stubbers["cloudformation"].add_response("describe_stack_events", {"StackEvents": found})


def test_new_events_come_once_each_and_oldest_first() -> None:
    slept: list[float] = []
    with stubbed_place("cloudformation") as place:
        will_be(place, "UPDATE_IN_PROGRESS", "second", "first", "before")
        will_be(place, "UPDATE_ROLLBACK_COMPLETE", "third", "second", "first", "before")
        found: list[Event] = []
        status = events.follow(
            place, STACK_ID, already_seen={"before"}, on_event=found.append, sleep=slept.append
        )

    assert [event.id for event in found] == ["first", "second", "third"]
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert len(slept) == 1


def test_following_ends_when_the_stack_is_forgotten() -> None:
    with stubbed_place("cloudformation") as place:
        for operation in ("describe_stacks", "describe_stack_events"):
            place.stubbers["cloudformation"].add_client_error(
                operation, "ValidationError", "Stack with id tweets does not exist"
            )

        found: list[Event] = []
        status = events.follow(place, STACK_ID, already_seen=set(), on_event=found.append)

    assert (status, found) == ("DELETE_COMPLETE", [])


STACK_FAILED = {"PhysicalResourceId": STACK_ID, "ResourceStatus": "DELETE_FAILED"}


def test_an_emulators_stack_has_not_failed_if_its_deletion_goes_on() -> None:
    failures: dict[str, dict[str, str]] = {
        "user": {"PhysicalResourceId": "tweets-Producer", "ResourceStatus": "DELETE_FAILED"},
        "stack": STACK_FAILED,
    }
    with stubbed_place("cloudformation") as place:
        will_be(place, "DELETE_FAILED", "stack", "user", of=failures)
        will_be(place, "DELETE_COMPLETE", "end", "table", "stack", "user", of=failures)
        found: list[Event] = []
        status = events.follow(
            place, STACK_ID, already_seen=set(), on_event=found.append, sleep=lambda _: None
        )

    assert [event.id for event in found] == ["user", "table", "end"]
    assert status == "DELETE_COMPLETE"


@pytest.mark.parametrize(("target", "looks"), [(Target.AWS, 1), (Target.LOCAL, 11)])
def test_a_stack_that_failed_at_the_end_is_reported(target: Target, looks: int) -> None:
    with stubbed_place("cloudformation") as place:
        for _ in range(looks):
            will_be(place, "DELETE_FAILED", "stack", of={"stack": STACK_FAILED})
        found: list[Event] = []
        events.follow(
            replace(place, target=target),
            STACK_ID,
            already_seen=set(),
            on_event=found.append,
            sleep=lambda _: None,
        )

    assert [(event.id, event.status) for event in found] == [("stack", "DELETE_FAILED")]


def test_what_is_there_by_now_is_seen() -> None:
    with stubbed_place("cloudformation") as place:
        will_list(place, "second", "first")

        assert events.seen(place, STACK_ID) == {"first", "second"}


@pytest.mark.parametrize(
    ("status", "reason", "is_cause"),
    [
        ("CREATE_FAILED", "Table already exists", True),
        ("DELETE_FAILED", "", True),
        ("CREATE_FAILED", "Resource creation cancelled", False),
        ("UPDATE_FAILED", "Cancelled because of another", False),
        ("CREATE_COMPLETE", "", False),
        ("ROLLBACK_IN_PROGRESS", "The following failed: EventData", False),
    ],
)
def test_a_failure_is_the_cause_unless_another_cancelled_it(
    status: str, reason: str, is_cause: bool
) -> None:
    event = Event(
        id="1",
        at=AT,
        logical_id="EventData",
        physical_id="tweets-EventData",
        type="T",
        status=status,
        reason=reason,
    )

    assert event.is_cause is is_cause
