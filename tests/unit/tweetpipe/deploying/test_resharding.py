from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tweetpipe.stubs import complete_stack, stubbed_place
from tweetpipe.aws.place import Target
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import resharding

COUNTS = st.integers(1, 500)
DEPLOYED = replace(complete_stack(KinesisStream="s"), parameters={"StreamMode": "PROVISIONED"})

ON_DEMAND = replace(DEPLOYED, parameters={"StreamMode": "ON_DEMAND"})


@pytest.mark.parametrize(
    ("now", "wanted", "expected"),
    [
        (1, 1, [1]),
        (1, 2, [2]),
        (1, 4, [2, 4]),
        (3, 13, [6, 12, 13]),
        (4, 2, [2]),
        (4, 1, [2, 1]),
        (5, 2, [3, 2]),
    ],
)
def test_the_steps_between_two_numbers_of_shards(
    now: int, wanted: int, expected: list[int]
) -> None:
    assert resharding.steps(now, wanted) == expected


@given(COUNTS, COUNTS)
def test_each_step_at_most_doubles_or_halves_and_a_day_is_enough(now: int, wanted: int) -> None:
    steps = resharding.steps(now, wanted)

    assert steps[-1] == wanted
    assert len(steps) <= 10
    for before, after in zip([now, *steps], steps, strict=False):
        assert before <= 2 * after
        assert after <= 2 * before


def stages(existing: Stack | None, target: Target = Target.AWS, **parameters: str) -> Any:
    """The stages on a stream that has one shard."""
    with stubbed_place("kinesis") as place:
        summary = {
            "StreamName": "s",
            "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
            "StreamStatus": "ACTIVE",
            "RetentionPeriodHours": 24,
            "StreamCreationTimestamp": 0,
            "EnhancedMonitoring": [],
            "OpenShardCount": 1,
        }
        client = place.stubbers["kinesis"]
        client.add_response("describe_stream_summary", {"StreamDescriptionSummary": summary})
        found = resharding.stages(replace(place, target=target), existing, parameters)
        if len(found) == 1:
            place.kinesis().describe_stream_summary(StreamName="s")
    return found


def test_all_other_parameters_change_with_the_first_step() -> None:
    assert stages(DEPLOYED, ShardCount="4", BatchSize="9") == [
        {"ShardCount": "2", "BatchSize": "9"},
        {"ShardCount": "4"},
    ]


@pytest.mark.parametrize(
    ("existing", "target", "parameters"),
    [
        (None, Target.AWS, {"ShardCount": "4"}),
        (DEPLOYED, Target.LOCAL, {"ShardCount": "4"}),
        (DEPLOYED, Target.AWS, {"BatchSize": "9"}),
        (DEPLOYED, Target.AWS, {"ShardCount": "4", "StreamMode": "ON_DEMAND"}),
        (
            replace(DEPLOYED, parameters={"StreamMode": "ON_DEMAND"}),
            Target.AWS,
            {"ShardCount": "4"},
        ),
        (replace(DEPLOYED, status="REVIEW_IN_PROGRESS"), Target.AWS, {"ShardCount": "4"}),
    ],
)
def test_what_needs_no_steps_is_one_deployment(
    existing: Stack | None, target: Target, parameters: dict[str, str]
) -> None:
    assert stages(existing, target, **parameters) == [parameters]
