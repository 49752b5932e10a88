"""Metrics are summed up, sent rarely, and never hold up a stream."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from localstack_embedded.plugin.mapping.metrics import MappingMetrics
from localstack_embedded.plugin.metrics import Metrics
from localstack_embedded.tests.waiting import wait_for

FUNCTION = "arn:aws:lambda:us-east-2:123456789012:function:f"
Sent = list[tuple[str, str, list[dict[str, Any]]]]


@pytest.fixture
def sent() -> Sent:
    return []


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Metrics are sent once the gate is open."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def metrics(sent: Sent, gate: threading.Event) -> Metrics:
    return Metrics(lambda *call: sent.append(call), pause=gate.wait)


def after(gate: threading.Event, sent: Sent, calls: int = 1) -> Sent:
    gate.set()
    wait_for(lambda: len(sent) >= calls, "the metrics")
    return sent


def test_values_of_one_metric_are_sent_as_one(
    metrics: Metrics, sent: Sent, gate: threading.Event
) -> None:
    mapping = MappingMetrics(metrics, FUNCTION, "id", counts_events=False)
    for age in (30, 10.5, -0.2):
        mapping.iterator_age(age)

    [(account, region, [metric])] = after(gate, sent)

    assert (account, region) == ("123456789012", "us-east-2")
    assert metric == {
        "MetricName": "IteratorAge",
        "Unit": "Milliseconds",
        "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
        "StatisticValues": {"SampleCount": 3, "Sum": 40.5, "Minimum": 0.0, "Maximum": 30},
    }


def test_an_alias_has_its_own_age_too(metrics: Metrics, sent: Sent, gate: threading.Event) -> None:
    MappingMetrics(metrics, FUNCTION + ":live", "id", counts_events=False).iterator_age(1)

    [(_, _, both)] = after(gate, sent)

    assert [metric["Dimensions"] for metric in both] == [
        [{"Name": "FunctionName", "Value": "f"}],
        [{"Name": "FunctionName", "Value": "f"}, {"Name": "Resource", "Value": "f:live"}],
    ]


def test_events_are_counted_where_that_is_asked_for(
    metrics: Metrics, sent: Sent, gate: threading.Event
) -> None:
    MappingMetrics(metrics, FUNCTION, "quiet", counts_events=False).count("PolledEventCount", 7)
    counting = MappingMetrics(metrics, FUNCTION, "id", counts_events=True)
    counting.count("PolledEventCount", 7)
    counting.count("PolledEventCount", 3)
    counting.count("FilteredOutEventCount", 0)

    [(_, _, [metric])] = after(gate, sent)

    assert metric["MetricName"] == "PolledEventCount"
    assert metric["Dimensions"] == [{"Name": "EventSourceMappingUUID", "Value": "id"}]
    assert metric["StatisticValues"]["Sum"] == 10


def test_what_comes_later_is_sent_later_and_idle_takes_no_thread(
    metrics: Metrics, sent: Sent, gate: threading.Event
) -> None:
    mapping = MappingMetrics(metrics, FUNCTION, "id", counts_events=False)
    for calls in (1, 2):
        gate.clear()
        mapping.iterator_age(1)
        after(gate, sent, calls)
        wait_for(lambda: not _senders(), "the end of the thread")


def test_a_failing_cloudwatch_does_not_end_the_sending(sent: Sent, gate: threading.Event) -> None:
    def send(*call: Any) -> None:
        sent.append(call)
        raise OSError("no CloudWatch")

    mapping = MappingMetrics(Metrics(send, pause=gate.wait), FUNCTION, "id", counts_events=False)
    mapping.iterator_age(1)
    after(gate, sent)
    mapping.iterator_age(1)

    after(gate, sent, calls=2)


def test_what_is_forgotten_is_not_sent(metrics: Metrics, sent: Sent, gate: threading.Event) -> None:
    for function in (FUNCTION, "arn:aws:lambda:eu-west-1:2:function:g"):
        MappingMetrics(metrics, function, "id", counts_events=False).iterator_age(1)

    metrics.forget(lambda account: account == "2")

    gate.set()
    wait_for(lambda: not _senders(), "the end of the thread")
    assert [call[0] for call in sent] == ["123456789012"]


def _senders() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "gathered-metrics"]
