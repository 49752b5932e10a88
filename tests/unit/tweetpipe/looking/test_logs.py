from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from botocore.stub import ANY

from tests.unit.tweetpipe.stubs import StubbedPlace, complete_stack, stubbed_place
from tweetpipe.aws.errors import NothingThere, WrongUsage
from tweetpipe.commands.logs import age
from tweetpipe.looking.logs import LATE, LogRetriever, by_now, follow

START = datetime(2026, 11, 23, 5, 32, tzinfo=UTC)
GROUP = "/aws/lambda/tweets-DDBEventProcessor"
DEPLOYED = complete_stack(DDBEventProcessor="tweets-DDBEventProcessor")


def millis(seconds: float) -> int:
    return int((START + timedelta(seconds=seconds)).timestamp() * 1000)


def will_say(
    place: StubbedPlace, *lines: tuple[str, float], since: float = 0, **tokens: str
) -> None:
    """The next answer: lines by their id and second; `given` and `next` are the page's tokens."""
    events: list[dict[str, Any]] = [
        {"eventId": name, "timestamp": millis(at), "message": f"{name}\n", "logStreamName": "a"}
        for name, at in lines
    ]
    asked: dict[str, Any] = {
        "logGroupName": GROUP,
        "startTime": millis(since),
        "interleaved": True,
    }
    if "given" in tokens:
        asked["nextToken"] = tokens["given"]
    answer: dict[str, Any] = {"events": events}
    if "next" in tokens:
        answer["nextToken"] = tokens["next"]
    place.stubbers["logs"].add_response("filter_log_events", answer, asked)


@pytest.fixture
def place() -> Iterator[StubbedPlace]:
    with stubbed_place("logs") as stubbed:
        yield stubbed


def test_all_pages_are_read_also_after_an_empty_one(place: StubbedPlace) -> None:
    will_say(place, ("one", 1), next="2")
    will_say(place, given="2", next="3")
    will_say(place, ("two", 2), ("two", 2), given="3")

    found = list(by_now(LogRetriever(place, DEPLOYED), START))

    assert [event.message for event in found] == ["one", "two"]
    assert found[0].at == START + timedelta(seconds=1)


def test_a_followed_line_comes_once_and_a_late_one_still_comes(place: StubbedPlace) -> None:
    late = LATE.total_seconds()
    will_say(place, ("one", 1), ("two", late + 10))
    will_say(place, ("late", 11), ("two", late + 10), since=10)
    will_say(place, ("late", 11), ("two", late + 10), ("three", late + 11), since=10)
    slept: list[float] = []

    found = follow(LogRetriever(place, DEPLOYED), START, interval=3, sleep=slept.append)

    assert [event.message for event in islice(found, 4)] == ["one", "two", "late", "three"]
    assert slept == [3, 3]


def test_a_log_group_that_is_gone_is_named_with_what_to_do(place: StubbedPlace) -> None:
    place.stubbers["logs"].add_client_error(
        "filter_log_events",
        "ResourceNotFoundException",
        expected_params={"logGroupName": GROUP, "startTime": ANY, "interleaved": True},
    )
    with pytest.raises(NothingThere, match=f"The log group {GROUP} does not exist"):
        list(by_now(LogRetriever(place, DEPLOYED), START))


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400)]
)
def test_an_age_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert age(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "-1m", "1.5h", "5x", "9999999d"])
def test_any_other_age_is_wrong_usage(text: str) -> None:
    with pytest.raises(WrongUsage, match="is not an age"):
        age(text)
