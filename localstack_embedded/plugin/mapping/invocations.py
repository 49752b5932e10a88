"""What LocalStack does beside each invocation of a function, gathered for many.

LocalStack 4.9.2 takes CloudWatch's metrics and its logs through all layers of a request for each
invocation, which costs several times the CPU of the invocation itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from queue import Queue
from typing import Any

from ..metrics import Metrics

_PAUSE = 0.5  # seconds between two rounds of calls of CloudWatch Logs for one function
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
_MOST_TEXT = 2**18  # characters, far below the million bytes that a call may have


def gather(metrics: Metrics) -> None:
    """Have all functions of this process counted and logged like this."""
    from localstack.services.lambda_.invocation import version_manager
    from localstack.services.lambda_.invocation.logs import LogHandler

    def count(errors: int, function_name: str, account_id: str, region_name: str) -> None:
        for name, value in (("Invocations", 1), ("Errors", errors)):
            metrics.add(account_id, region_name, name, "Count", value, FunctionName=function_name)

    # A success counts as no error, so that a function without errors has 0 of them.
    version_manager.record_cw_metric_invocation = partial(count, 0)
    version_manager.record_cw_metric_error = partial(count, 1)

    make = LogHandler.__init__

    @wraps(make)
    def make_with_queue(self: Any, role_arn: str, region: str) -> None:
        make(self, role_arn, region)
        self.log_queue = LogQueue()

    LogHandler.__init__ = make_with_queue


class LogQueue(Queue[Any]):
    """Hands out what waits for each log stream as one item, and not too often."""

    def __init__(self, pause: Callable[[float], None] = time.sleep) -> None:
        super().__init__()
        self._pause = pause
        self._last = float("-inf")
        self._gathered: dict[Any, list[str]] = {}  # by an item without its text

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """What comes alone comes at once; LocalStack's LogItems, and what ends its loop."""
        if not self._gathered:
            item = super().get(block, timeout)
            if not hasattr(item, "logs"):
                return item
            if (early := self._last + _PAUSE - time.monotonic()) > 0:
                self._pause(early)
            self._last = time.monotonic()
            self._gather(item)
        first = next(iter(self._gathered))
        # A text need not end with a line's end, and the next would go on in that line.
        return replace(first, logs="\n".join(self._gathered.pop(first)))

    def _gather(self, item: Any) -> None:
        """Take what waits by its log stream, up to the end or to what one call may have."""
        size = 0
        while item is not None:
            self._gathered.setdefault(replace(item, logs=""), []).append(item.logs)
            size += len(item.logs)
            with self.mutex:
                is_next = size < _MOST_TEXT and self.queue and hasattr(self.queue[0], "logs")
            # Nobody else takes anything.
            item = super().get() if is_next else None
