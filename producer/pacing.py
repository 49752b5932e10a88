"""Reads a source at a given rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from producer.outgoing import OutgoingRecord

CATCH_UP = 0.1
"""The most seconds of delay that are caught up on after a stall."""


def paced(
    records: Iterable[OutgoingRecord],
    rate: float,
    *,
    clock: Callable[[], float],
    wait: Callable[[float], bool],
) -> Iterator[OutgoingRecord]:
    """The same records, at most `rate` a second; ends early when `wait` returns True.

    It waits before taking the next record, so ending early leaves none behind.
    """
    interval = 1 / rate
    due = clock()
    source = iter(records)
    while True:
        now = clock()
        if due > now and wait(due - now):
            return
        due = max(due, now - CATCH_UP) + interval
        try:
            record = next(source)
        except StopIteration:
            return
        yield record
