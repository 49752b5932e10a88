"""What LocalStack does beside each invocation of a function, gathered for many.

LocalStack 4.9.2 takes CloudWatch's metrics and its logs through all layers of a request for each
invocation, which costs several times the CPU of the invocation itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from queue import Empty, Queue
from typing import Any

from ..metrics import Metrics

_PAUSE = 0.2  # seconds between two calls of CloudWatch Logs for one function
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
    """Hands out what waits for one log stream as one item, and not too often."""

    def __init__(self, pause: Callable[[float], None] = time.sleep) -> None:
        super().__init__()
        self._pause = pause
        self._last = float("-inf")
        self._next: Any = None

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """What comes alone comes at once; LocalStack's LogItems, and what ends its loop."""
        item = self._next or super().get(block, timeout)
        self._next = None
        if not hasattr(item, "logs"):
            return item
        if (early := self._last + _PAUSE - time.monotonic()) > 0:
            self._pause(early)
        self._last = time.monotonic()
        texts = [item.logs]
        while sum(map(len, texts)) < _MOST_TEXT:
            self._next = self._waiting()
            if self._next is None or replace(item, logs="") != _without_text(self._next):
                break
            texts.append(self._next.logs)
            self._next = None
        # A text need not end with a line's end, and the next would go on in that line.
        return replace(item, logs="\n".join(texts))

    def _waiting(self) -> Any:
        try:
            return super().get(block=False)
        except Empty:
            return None


def _without_text(item: Any) -> Any:
    return replace(item, logs="") if hasattr(item, "logs") else item
