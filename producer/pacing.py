"""Reading a source at a given rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from producer.outgoing import OutgoingRecord

CATCH_UP = 0.1
"""Seconds of lateness that are made up for; after a longer stall the rest is let go."""


def paced(
    records: Iterable[OutgoingRecord],
    rate: float,
    *,
    clock: Callable[[], float],
    wait: Callable[[float], bool],
) -> Iterator[OutgoingRecord]:
    """The same records, at most `rate` a second; ends early when `wait` returns True.

    The wait comes before the next record is taken, so an early end leaves none behind.
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
