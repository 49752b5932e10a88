"""A clock for tests whose time passes together with real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TICK_S = 0.02
_LONGEST_S = 0.1


class SteadyClock:
    """Counts seconds from 0, but none while a busy machine stops this process."""

    def __init__(self) -> None:
        self._now = 0.0
        self._read_at = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            read_at = time.monotonic()
            self._now += min(read_at - self._read_at, _LONGEST_S)
            self._read_at = read_at
            return self._now


@contextmanager
def steady_clock() -> Iterator[SteadyClock]:
    """A clock that also goes on while nothing reads it, until the block ends."""
    clock, over = SteadyClock(), threading.Event()

    def tick() -> None:
        while not over.wait(_TICK_S):
            clock()

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        yield clock
    finally:
        over.set()
        thread.join()
