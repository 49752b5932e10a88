from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import ANY

from tests.unit.tweetpipe.stubs import StubbedPlace, complete_stack, stubbed_place
from tweetpipe.commands.reporting import figures
from tweetpipe.live import losses
from tweetpipe.live.losses import Loss
from tweetpipe.looking import metrics
from tweetpipe.looking.metrics import MappingCounts, Metrics

NOW = datetime(2026, 11, 23, 5, 32, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DEPLOYED = complete_stack(
    KinesisStream="stream",
    DDBEventProcessor="tweets-DDBEventProcessor",
    EventDataTable="tweets-EventData",
    DeadLetterQueueUrl="http://queue",
)


@pytest.fixture
def place() -> Iterator[StubbedPlace]:
    with stubbed_place("cloudwatch", "dynamodb", "sqs") as stubbed:
        yield stubbed


def will_measure(place: StubbedPlace, **values: list[float]) -> None:
    """The newest minute first, as CloudWatch answers."""
    results = [
        {
            "Id": name,
            "Values": found,
            "Timestamps": [NOW - n * MINUTE for n, _ in enumerate(found, 1)],
        }
        for name, found in values.items()
    ]
    place.stubbers["cloudwatch"].add_response(
        "get_metric_data",
        {"MetricDataResults": results},
        {"MetricDataQueries": ANY, "StartTime": ANY, "EndTime": NOW},
    )


def will_count(place: StubbedPlace, *, items: int, letters: int, **table: Any) -> None:
    place.stubbers["dynamodb"].add_response(
        "describe_table", {"Table": {"ItemCount": items, **table}}
    )
    waiting = {
        "ApproximateNumberOfMessages": str(letters),
        "ApproximateNumberOfMessagesNotVisible": "1",
        "ApproximateNumberOfMessagesDelayed": "0",
    }
    place.stubbers["sqs"].add_response("get_queue_attributes", {"Attributes": waiting})


def test_minutes_are_summed_and_the_oldest_record_counts(place: StubbedPlace) -> None:
    will_measure(place, arrived=[100, 200], stored=[290], iterator_age=[500, 2500], errors=[])

    found = metrics.measure(place, DEPLOYED, now=NOW)

    assert found.window == Metrics(arrived=300, stored=290, iterator_age=2.5)
    assert found.minute == Metrics(arrived=100, stored=290, iterator_age=0.5)


def test_that_cloudwatch_refuses_is_an_answer(place: StubbedPlace) -> None:
    place.stubbers["cloudwatch"].add_client_error("get_metric_data", "AccessDenied")

    found, latest = metrics.measure(place, DEPLOYED, now=NOW)

    assert "lack the permission for GetMetricData" in found.why_not
    assert found == latest == Metrics(why_not=found.why_not)


def test_what_the_function_has_yet_to_read_is_counted_by_its_age(place: StubbedPlace) -> None:
    will_count(place, items=1000, letters=4)
    will_measure(place, iterator_age=[120_000])
    will_measure(place, arrived=[70, 30])

    assert losses.losses(place, DEPLOYED, now=NOW) == Loss(
        items=1000, dead_letters=5, behind=120, unread=100, protected=False
    )


def test_a_function_that_keeps_up_has_nothing_unread(place: StubbedPlace) -> None:
    will_count(place, items=0, letters=0, DeletionProtectionEnabled=True)
    will_measure(place, iterator_age=[900])

    found = losses.losses(place, DEPLOYED, now=NOW)

    assert (found.behind, found.unread, found.protected) == (0.9, 0, True)


def test_no_figure_is_not_told_as_nothing_unread(place: StubbedPlace) -> None:
    will_count(place, items=0, letters=0)
    will_measure(place)

    found = losses.losses(place, DEPLOYED, now=NOW)

    assert (found.behind, found.unread) == (None, None)


def test_that_losses_cannot_be_counted_is_said(place: StubbedPlace) -> None:
    place.stubbers["dynamodb"].add_client_error("describe_table", "AccessDeniedException")

    found = losses.losses_or_why_not(place, DEPLOYED)

    assert isinstance(found, str)
    assert "DescribeTable" in found


@pytest.mark.parametrize(
    ("found", "is_local", "shown"),
    [
        (Metrics(), True, ["not measured here"] * 4),
        (Metrics(), False, ["no figures in 5 min"] * 4),
        (Metrics(why_not="No permission."), False, ["No permission."] * 4),
        (
            Metrics(
                arrived=300,
                stored=0,
                iterator_age=1.5,
                errors=0,
                unhandled=2,
                mapping=MappingCounts(polled=1300, invoked=1500, dropped=0),
            ),
            False,
            [
                "1.0/s in, 0.0/s stored",
                "1.5 s at most",
                "0 failed calls, 2 records left for a retry",
                "1,300 polled, 1,500 handed to the function, 0 dropped",
            ],
        ),
        (
            Metrics(errors=1),
            True,
            ["not measured here", "not measured here", "1 failed call", "not measured here"],
        ),
    ],
)
def test_no_figure_is_not_shown_as_zero(found: Metrics, is_local: bool, shown: list[str]) -> None:
    assert [figure for _, figure in figures(found, is_local=is_local)] == shown
