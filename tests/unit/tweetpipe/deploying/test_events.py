from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.tweetpipe.stubs import StubbedPlace, stubbed_place
from tweetpipe.deploying import events
from tweetpipe.deploying.events import Event

STACK_ID = "arn:aws:cloudformation:us-east-1:000000000000:stack/tweets/1"
AT = datetime(2024, 1, 1, tzinfo=UTC)


def will_be(place: StubbedPlace, status: str, *newest_first: str) -> None:
    """Prepares one look at the stack: its status, then its events."""
    client = place.stubbers["cloudformation"]
    client.add_response(
        "describe_stacks",
        {"Stacks": [{"StackName": "tweets", "StackStatus": status, "CreationTime": AT}]},
    )
    will_list(place, *newest_first)


def will_list(place: StubbedPlace, *newest_first: str) -> None:
    found = [
        {"EventId": id_, "StackId": STACK_ID, "StackName": "tweets", "Timestamp": AT}
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
