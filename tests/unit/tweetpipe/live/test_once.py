from __future__ import annotations

from collections import Counter

import pytest

from tests.unit.tweetpipe.live.doubles import Clock, FakeStack, fake_place
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Target
from tweetpipe.live.once import Look, look_once


def look(stack: FakeStack, clock: Clock, target: Target = Target.LOCAL) -> Look:
    def sleep(seconds: float) -> None:
        clock.now += seconds

    place = fake_place(stack, target)
    deployed = stacks.get(place, "tweets")
    stack.calls.clear()
    return look_once(place, deployed, clock=clock, sleep=sleep)


@pytest.mark.parametrize("target", [Target.LOCAL, Target.AWS])
def test_a_report_asks_each_service_once_about_its_part(target: Target) -> None:
    clock = Clock()
    stack = FakeStack(clock)

    look(stack, clock, target)

    asked = Counter(name for name, _ in stack.calls)
    assert {
        name: asked[name]
        for name in (
            "describe_stream_summary",
            "get_function_concurrency",
            "get_metric_data",
            "list_event_source_mappings",
        )
    } == {
        "describe_stream_summary": 1,
        "get_function_concurrency": 1,
        "get_metric_data": 1,
        "list_event_source_mappings": 1,
    }


def test_an_emulators_function_is_judged_by_its_last_minute_and_all_minutes_are_reported() -> None:
    clock = Clock()
    stack = FakeStack(clock)
    stack.measured = {"errors": [0, 7], "arrived": [10, 20]}

    snapshot, metrics = look(stack, clock)

    assert (metrics.errors, metrics.arrived) == (7, 30)
    assert snapshot.function.health.state != "error"


def test_on_aws_a_function_is_judged_by_all_minutes_since_the_last_has_no_figures_yet() -> None:
    clock = Clock()
    stack = FakeStack(clock)
    stack.measured = {"errors": [0, 7]}

    snapshot, _ = look(stack, clock, Target.AWS)

    assert snapshot.function.health.why.startswith("7 calls failed")
