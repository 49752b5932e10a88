"""What a benchmark is made of, and how one piece of work is measured."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

Figures = Mapping[str, float]
"""What a way has to say beside its speed, such as {"p50 ms": 12.0}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measured piece of work.

    `units` is how much was done (tweets, records), `wall` and `cpu` are seconds, the latter of this
    process alone; `peak_mb` is the most memory that the process ever had, imports included.
    """

    units: float
    wall: float
    cpu: float
    peak_mb: float
    figures: Figures = field(default_factory=dict)


class Meter:
    """Filled in by `metered` when its block ends."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0

    def sample(self, units: float, figures: Figures | None = None) -> Sample:
        """The block's sample, given how much was done in it."""
        return Sample(
            units=units,
            wall=self.wall,
            cpu=self.cpu,
            peak_mb=peak_memory_mb(),
            figures=figures or {},
        )


@contextmanager
def metered() -> Iterator[Meter]:
    """Time the block: wall clock, and CPU of all threads of this process."""
    meter = Meter()
    cpu, wall = time.process_time(), time.perf_counter()
    yield meter
    meter.wall = time.perf_counter() - wall
    meter.cpu = time.process_time() - cpu


def peak_memory_mb() -> float:
    """The most memory this process has had so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, kilobytes elsewhere.
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to do a table's work; `measure` runs in a fresh process for each round.

    It does whatever should not count, such as making clients and warming up, before its `metered`
    block. `peer` is for what needs a library that is installed in an environment of its own.
    `rounds` is how often it is measured at most, for a way that takes long.
    """

    name: str
    measure: Callable[[], Sample]
    peer: bool = False
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Ways to do the same work, the `baseline` (the name of one) to compare the others with.

    `unit` is what is counted, in the singular. `note` says what one has to know to read it.
    """

    title: str
    unit: str
    ways: tuple[Way, ...]
    baseline: str
    note: str = ""
