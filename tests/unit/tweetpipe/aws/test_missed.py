from __future__ import annotations

from tests.unit.tweetpipe.stubs import complete_stack, stubbed_place
from tweetpipe.aws.missed import Missed

FIGURE = {
    "Namespace": "tweetpipe",
    "MetricData": [
        {
            "MetricName": "MissedSeconds",
            "Dimensions": [{"Name": "service", "Value": "tweets"}],
            "Value": 90.0,
            "Unit": "Seconds",
        }
    ],
}


def test_what_was_missed_is_a_figure_of_the_stack() -> None:
    with stubbed_place("cloudwatch") as place:
        place.stubbers["cloudwatch"].add_response("put_metric_data", {}, FIGURE)
        missed = Missed(place, complete_stack())

        missed.tell(90.0)
        missed.wait(60)

    assert missed.why_not == ""


def test_a_figure_that_is_refused_costs_nothing_and_is_told_at_the_end() -> None:
    with stubbed_place("cloudwatch") as place:
        place.stubbers["cloudwatch"].add_client_error("put_metric_data", "AccessDenied", "not you")
        missed = Missed(place, complete_stack())

        missed.tell(90.0)
        missed.wait(60)

    assert "AccessDenied" in missed.why_not
