"""Reports to CloudWatch for how long a source was down without recovery."""

from __future__ import annotations

import threading

from botocore.exceptions import BotoCoreError, ClientError

from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack

NAMESPACE = "tweetpipe"  # POWERTOOLS_METRICS_NAMESPACE in infra/template.yaml
METRIC = "MissedSeconds"


class Missed:
    """Puts each gap as a metric of the stack, in the background."""

    def __init__(self, place: Place, deployed: Stack) -> None:
        self._place = place
        self._stack = deployed.name
        self._calls: list[threading.Thread] = []
        self.why_not = ""

    def tell(self, seconds: float) -> None:
        """Start putting a metric, and return immediately."""
        call = threading.Thread(target=self._put, args=(seconds,), daemon=True)
        self._calls.append(call)
        call.start()

    def wait(self, seconds: float) -> None:
        """Wait at most this long for the last metric."""
        for call in self._calls[-1:]:
            call.join(seconds)

    def _put(self, seconds: float) -> None:
        figure = {
            "MetricName": METRIC,
            # The dimension that Powertools uses for the function's own metrics.
            "Dimensions": [{"Name": "service", "Value": self._stack}],
            "Value": seconds,
            "Unit": "Seconds",
        }
        try:
            self._place.cloudwatch().put_metric_data(Namespace=NAMESPACE, MetricData=[figure])
        except (BotoCoreError, ClientError) as error:
            self.why_not = explain(error)
