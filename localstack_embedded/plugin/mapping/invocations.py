"""Batches the metrics and logs of invocations.

For each invocation, LocalStack 4.9.2 sends these to CloudWatch in full requests, through all
layers, which costs several times the CPU of the invocation itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from queue import Queue
from typing import Any

from ..metrics import Metrics

_PAUSE = 0.5  # seconds between two rounds of CloudWatch Logs calls for one function
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
_MOST_TEXT = 2**18  # characters, far below the million bytes that a call may have


def gather(metrics: Metrics) -> None:
    """Batch the metrics and logs of all functions in this process."""
    from localstack.services.lambda_.invocation import version_manager
    from localstack.services.lambda_.invocation.logs import LogHandler

    def count(errors: int, function_name: str, account_id: str, region_name: str) -> None:
        for name, value in (("Invocations", 1), ("Errors", errors)):
            metrics.add(account_id, region_name, name, "Count", value, FunctionName=function_name)

    # A success counts as 0 errors, so that a function without errors has a value.
    version_manager.record_cw_metric_invocation = partial(count, 0)
    version_manager.record_cw_metric_error = partial(count, 1)

    make = LogHandler.__init__

    @wraps(make)
    def make_with_queue(self: Any, role_arn: str, region: str) -> None:
        make(self, role_arn, region)
        self.log_queue = LogQueue()

    LogHandler.__init__ = make_with_queue


class LogQueue(Queue[Any]):
    """Returns the waiting items of each log stream as one item, and not too often."""

    def __init__(self, pause: Callable[[float], None] = time.sleep) -> None:
        super().__init__()
        self._pause = pause
        self._last = float("-inf")
        self._gathered: dict[Any, list[str]] = {}  # by an item without its text

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """The next LogItem, at once if none came lately; or whatever ends LocalStack's loop."""
        if not self._gathered:
            item = super().get(block, timeout)
            if not hasattr(item, "logs"):
                return item
            if (early := self._last + _PAUSE - time.monotonic()) > 0:
                self._pause(early)
            self._last = time.monotonic()
            self._gather(item)
        first = next(iter(self._gathered))
        # A text need not end with a newline; the next one would continue its last line.
        return replace(first, logs="\n".join(self._gathered.pop(first)))

    def _gather(self, item: Any) -> None:
        """Gather the waiting items by log stream, up to the last one or the limit of one call."""
        size = 0
        while item is not None:
            self._gathered.setdefault(replace(item, logs=""), []).append(item.logs)
            size += len(item.logs)
            with self.mutex:
                is_next = size < _MOST_TEXT and self.queue and hasattr(self.queue[0], "logs")
            # Only this thread takes items, so the next one is still there.
            item = super().get() if is_next else None
