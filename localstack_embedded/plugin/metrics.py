"""Gathers metrics, so that a single call of CloudWatch sends many of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LOG = logging.getLogger(__name__)
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
_MOST_IN_A_CALL = 1000

# Takes an account, a region, and CloudWatch's MetricData.
Send = Callable[[str, str, list[dict[str, Any]]], None]
_Key = tuple[str, str, str, str, tuple[tuple[str, str], ...]]


def to_cloudwatch(namespace: str) -> Send:
    """A function that sends metrics of this namespace to LocalStack's CloudWatch."""

    def send(account: str, region: str, data: list[dict[str, Any]]) -> None:
        from localstack.aws.connect import connect_to

        clients = connect_to(aws_access_key_id=account, region_name=region)
        clients.cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    return send


@dataclass
class _Sum:
    count: int = 0
    total: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)

    def statistics(self) -> dict[str, float]:
        return {
            "SampleCount": self.count,
            "Sum": self.total,
            "Minimum": self.least,
            "Maximum": self.most,
        }


@dataclass
class Metrics:
    """Sums up values and sends the sums, with a pause before each call, until there are no more."""

    send: Send
    pause: Callable[[], object] = lambda: time.sleep(2)
    _sums: dict[_Key, _Sum] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_sending: bool = False

    def add(
        self, account: str, region: str, name: str, unit: str, value: float, **dimensions: str
    ) -> None:
        """Add a value; returns at once."""
        key = (account, region, name, unit, tuple(dimensions.items()))
        with self._lock:
            self._sums.setdefault(key, _Sum()).add(value)
            if self._is_sending:
                return
            self._is_sending = True
        # A thread that ends when there is nothing more to send costs an idle emulator nothing.
        threading.Thread(target=self._send_on, name="gathered-metrics", daemon=True).start()

    def forget(self, is_chosen: Callable[[str], bool]) -> None:
        """Drop the unsent values of the chosen accounts."""
        with self._lock:
            self._sums = {
                key: values for key, values in self._sums.items() if not is_chosen(key[0])
            }

    def _send_on(self) -> None:
        while True:
            self.pause()
            with self._lock:
                sums, self._sums = self._sums, {}
                if not sums:
                    self._is_sending = False
                    return
            self._send(sums)

    def _send(self, sums: dict[_Key, _Sum]) -> None:
        places: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for (account, region, name, unit, dimensions), values in sums.items():
            places.setdefault((account, region), []).append(
                {
                    "MetricName": name,
                    "Unit": unit,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
                    "StatisticValues": values.statistics(),
                }
            )
        for (account, region), data in places.items():
            for start in range(0, len(data), _MOST_IN_A_CALL):
                try:
                    self.send(account, region, data[start : start + _MOST_IN_A_CALL])
                except Exception:  # streams go on, whatever is wrong with CloudWatch
                    LOG.warning("Metrics were not sent", exc_info=True)
