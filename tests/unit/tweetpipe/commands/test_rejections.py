from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.unit.tweetpipe.stubs import StubbedPlace, complete_stack, stubbed_place
from tweetpipe.commands.rejections import Rejections

COMMAND = "tweetpipe dead-letters list"
STACK = complete_stack(DeadLetterQueueUrl="http://queue", DDBEventProcessor="function")


@pytest.fixture
def place() -> Iterator[StubbedPlace]:
    with stubbed_place("sqs", "logs") as place:
        yield place


def letters(sqs: Stubber, *numbers: int) -> None:
    for number in numbers:
        names = ("", "NotVisible", "Delayed")
        attributes = {f"ApproximateNumberOfMessages{name}": "0" for name in names}
        attributes["ApproximateNumberOfMessages"] = str(number)
        sqs.add_response("get_queue_attributes", {"Attributes": attributes})


def handled(logs: Stubber, *batches: Sequence[int]) -> None:
    """What the function's log tells, each time that it is looked at."""
    for records in batches:
        lines = [json.dumps({"message": "batch processed", "records": n}) for n in records]
        events: Any = [
            {"eventId": str(n), "timestamp": 0, "message": line} for n, line in enumerate(lines)
        ]
        logs.add_response("filter_log_events", {"events": events})


def looking(place: StubbedPlace) -> Rejections:
    moments = count()
    return Rejections(place, STACK, clock=lambda: next(moments) * 0.5, sleep=lambda _: None)


def test_nothing_is_said_once_the_function_has_handled_all_and_rejected_nothing(
    place: StubbedPlace,
) -> None:
    letters(place.stubbers["sqs"], 7, 7, 7)
    handled(place.stubbers["logs"], [3], [3, 2])

    assert looking(place).words(5) == ""


def test_what_was_rejected_is_counted_with_the_command_that_shows_it(place: StubbedPlace) -> None:
    letters(place.stubbers["sqs"], 7, 8, 10)
    handled(place.stubbers["logs"], [3], [3, 2])

    words = looking(place).words(5)

    assert words.startswith("3 new dead letters since this run began: ")
    assert words.endswith(COMMAND)


def test_what_is_not_known_in_time_is_not_claimed(place: StubbedPlace) -> None:
    letters(place.stubbers["sqs"], 0, *[0] * 4)
    handled(place.stubbers["logs"], *[[3]] * 4)

    words = looking(place).words(5)

    assert words.startswith("The function is still processing the records")
    assert words.endswith(COMMAND)


def test_what_came_so_far_is_told_in_time(place: StubbedPlace) -> None:
    letters(place.stubbers["sqs"], 0, *[1] * 4)
    for _ in range(4):
        place.stubbers["logs"].add_client_error("filter_log_events", "AccessDeniedException")

    assert looking(place).words(5).startswith("1 new dead letter since this run began, so far")


def test_who_may_not_ask_is_told_nothing(place: StubbedPlace) -> None:
    place.stubbers["sqs"].add_client_error("get_queue_attributes", "AccessDenied")

    assert looking(place).words(5) == ""


def test_nothing_is_asked_for_when_nothing_was_sent(place: StubbedPlace) -> None:
    letters(place.stubbers["sqs"], 0)

    assert looking(place).words(0) == ""
