"""Limits the rate of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def paced(
    items: Iterable[T],
    *,
    rate: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[T]:
    """Yield at most `rate` items a second, evenly; after a delay, catch up at most one second.

    `clock` is monotonic and in seconds.
    """
    due = clock()
    for item in items:
        now = clock()
        if now < due:
            sleep(due - now)
        due = max(due, now - 1.0) + 1.0 / rate
        yield item
