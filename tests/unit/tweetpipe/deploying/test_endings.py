"""What is said of deletions that failed, once it is known what became of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.tweetpipe.stubs import stubbed_place
from tweetpipe.aws.place import Target
from tweetpipe.deploying import endings
from tweetpipe.deploying.events import Event


def event(logical_id: str, status: str) -> Event:
    return Event(
        id=logical_id,
        at=datetime(2026, 11, 26, tzinfo=UTC),
        logical_id=logical_id,
        physical_id=f"tweets-{logical_id}",
        type="T",
        status=status,
        reason="in use",
    )


def said_of(*events: Event, deleted: str = "", target: Target = Target.LOCAL) -> list[str]:
    """The events and lines, in order; `deleted` is deleted after the events."""
    said: list[str] = []

    def show(one: Event) -> None:
        said.append(f"{one.status} {one.logical_id}")

    with (
        stubbed_place() as place,
        endings.second_tries(replace(place, target=target), show, said.append) as (note, gone),
    ):
        for one in events:
            note(one)
        if deleted:
            gone.append(deleted)
    return said


USER, TABLE = event("Producer", "DELETE_FAILED"), event("EventData", "DELETE_COMPLETE")


def test_what_an_emulator_did_not_delete_and_the_command_did_is_no_failure() -> None:
    assert said_of(USER, TABLE, deleted="tweets-Producer") == [
        "DELETE_COMPLETE EventData",
        "Deleted tweets-Producer (T) directly, because the emulator's CloudFormation could not "
        "delete it.",
    ]


def test_what_nothing_deleted_is_a_failure() -> None:
    assert said_of(USER, TABLE, deleted="another") == [
        "DELETE_COMPLETE EventData",
        "DELETE_FAILED Producer",
    ]


def test_on_aws_a_failure_is_shown_at_once() -> None:
    assert said_of(USER, TABLE, target=Target.AWS) == [
        "DELETE_FAILED Producer",
        "DELETE_COMPLETE EventData",
    ]


def test_a_failure_is_shown_even_if_the_command_ends_early() -> None:
    shown: list[Event] = []

    def interrupted() -> None:
        with (
            stubbed_place() as place,
            endings.second_tries(place, shown.append, lambda _: None) as (note, _),
        ):
            note(USER)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert shown == [USER]
