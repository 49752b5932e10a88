"""Reads CloudWatch's metrics of a stack for the last minutes.

CloudWatch is a minute or two behind, so the window is longer than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack

WINDOW = timedelta(minutes=5)
_PERIOD = 60  # seconds; what AWS measures without detailed monitoring
_METRICS_NAMESPACE = "tweetpipe"  # POWERTOOLS_METRICS_NAMESPACE in infra/template.yaml


# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
_OF_MAPPING = {
    "polled": "PolledEventCount",
    "invoked": "InvokedEventCount",
    "failed": "FailedInvokeEventCount",
    "given_up": "OnFailureDestinationDeliveredEventCount",
    "dropped": "DroppedEventCount",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingCounts:
    """AWS's own counts of the records between stream and function; None if there is no figure.

    `invoked` records reached the function, some more than once. After all retries, `given_up`
    records went to the dead-letter queue, and `dropped` ones went nowhere.
    """

    polled: float | None = None
    invoked: float | None = None
    failed: float | None = None
    given_up: float | None = None
    dropped: float | None = None


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Sums and maxima of some minutes; None if CloudWatch has no figure.

    `arrived` counts records put on the stream, `stored` and `unhandled` those that the function
    reported; `iterator_age` is in seconds. `why_not` says why nothing could be read, if so.
    """

    arrived: float | None = None
    stored: float | None = None
    unhandled: float | None = None
    iterator_age: float | None = None
    errors: float | None = None
    throttles: float | None = None
    mapping: MappingCounts = MappingCounts()
    why_not: str = ""


class MeasuredMinutes(NamedTuple):
    """The figures of WINDOW, and of its last minute, which AWS may not have yet."""

    window: Metrics = Metrics()
    minute: Metrics = Metrics()


def measure(
    place: Place, deployed: Stack, *, mapping: str | None = None, now: datetime | None = None
) -> MeasuredMinutes:
    """Read from CloudWatch; an error is a result too.

    With the id of the mapping, also read its counts.
    """
    end = now or datetime.now(UTC)
    try:
        found = place.cloudwatch().get_metric_data(
            MetricDataQueries=_queries(deployed, mapping), StartTime=end - WINDOW, EndTime=end
        )
    except (BotoCoreError, ClientError) as error:
        refused = Metrics(why_not=explain(error))
        return MeasuredMinutes(refused, refused)
    # With half a minute's margin: an emulator may round, and minutes begin 60 s apart.
    since = end - timedelta(seconds=1.5 * _PERIOD)
    return MeasuredMinutes(_metrics(_values(found)), _metrics(_values(found, since=since)))


def _metrics(values: dict[str, list[float]]) -> Metrics:
    age = _highest(values, "iterator_age")
    return Metrics(
        arrived=_total(values, "arrived"),
        stored=_total(values, "stored"),
        unhandled=_total(values, "unhandled"),
        iterator_age=None if age is None else age / 1000,
        errors=_total(values, "errors"),
        throttles=_total(values, "throttles"),
        mapping=MappingCounts(**{name: _total(values, name) for name in _OF_MAPPING}),
    )


def arrived_since(place: Place, deployed: Stack, age: float, *, now: datetime) -> int | None:
    """How many records arrived in the stream in the last `age` seconds; None if CloudWatch doesn't
    know.

    With the age of the oldest unread record, this is the number of unread records, to the minute.
    """
    found = place.cloudwatch().get_metric_data(
        MetricDataQueries=_queries(deployed)[:1],
        # Whole minutes, which are kept for 15 days.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
        StartTime=now - timedelta(seconds=max(age, _PERIOD)),
        EndTime=now,
    )
    total = _total(_values(found), "arrived")
    return None if total is None else round(total)


def _values(found: dict[str, Any], *, since: datetime | None = None) -> dict[str, list[float]]:
    return {
        entry["Id"]: [
            value
            for value, began in zip(entry["Values"], entry["Timestamps"], strict=True)
            if since is None or began >= since
        ]
        for entry in found["MetricDataResults"]
    }


def _queries(deployed: Stack, mapping: str | None = None) -> list[dict[str, Any]]:
    stream = ("AWS/Kinesis", "StreamName", deployed.outputs["KinesisStream"])
    function = ("AWS/Lambda", "FunctionName", deployed.outputs["DDBEventProcessor"])
    # The dimension that Powertools adds; the template sets the service to the stack's name.
    ours = (_METRICS_NAMESPACE, "service", deployed.name)
    return [
        _query("arrived", stream, "IncomingRecords", "Sum"),
        _query("stored", ours, "Stored", "Sum"),
        _query("unhandled", ours, "Unhandled", "Sum"),
        _query("iterator_age", function, "IteratorAge", "Maximum"),
        _query("errors", function, "Errors", "Sum"),
        _query("throttles", function, "Throttles", "Sum"),
        *(
            _query(name, ("AWS/Lambda", "EventSourceMappingUUID", mapping), metric, "Sum")
            for name, metric in _OF_MAPPING.items()
            if mapping
        ),
    ]


def _query(
    identifier: str, source: tuple[str, str, str], metric: str, statistic: str
) -> dict[str, Any]:
    namespace, dimension, value = source
    return {
        "Id": identifier,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": dimension, "Value": value}],
            },
            "Period": _PERIOD,
            "Stat": statistic,
        },
    }


def _total(values: dict[str, list[float]], name: str) -> float | None:
    found = values.get(name)
    return sum(found) if found else None


def _highest(values: dict[str, list[float]], name: str) -> float | None:
    return max(values.get(name) or [], default=None)
