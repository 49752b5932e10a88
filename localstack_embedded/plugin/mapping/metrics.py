"""The metrics of mappings.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from dataclasses import dataclass

from ..metrics import Metrics

NAMESPACE = "AWS/Lambda"


@dataclass(frozen=True)
class MappingMetrics:
    """The metrics of one mapping."""

    metrics: Metrics
    function_arn: str
    mapping_id: str
    counts_events: bool  # whether MetricsConfig asks for EventCount

    def iterator_age(self, milliseconds: float) -> None:
        """Record the age of a batch's last record when the function gets it."""
        _, _, _, region, account, _, name, *qualifier = self.function_arn.split(":")
        sums_of = [{"FunctionName": name}]
        if qualifier:
            sums_of.append({"FunctionName": name, "Resource": f"{name}:{qualifier[0]}"})
        for dimensions in sums_of:
            age = max(0.0, milliseconds)
            self.metrics.add(account, region, "IteratorAge", "Milliseconds", age, **dimensions)

    def count(self, name: str, events: int) -> None:
        """Count events that were polled, filtered out, sent to the function, and so on."""
        if self.counts_events and events:
            _, _, _, region, account, *_ = self.function_arn.split(":")
            self.metrics.add(
                account, region, name, "Count", events, EventSourceMappingUUID=self.mapping_id
            )
