"""The parts of a benchmark, and how a piece of work is measured."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

Figures = Mapping[str, float]
"""What a way reports besides its speed, such as {"p50 ms": 12.0}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measured piece of work.

    `units` is how much was done (tweets, records). `wall` and `cpu` are seconds; `cpu` counts only
    this process. `peak_mb` is the most memory that the process ever used, imports included.
    """

    units: float
    wall: float
    cpu: float
    peak_mb: float
    figures: Figures = field(default_factory=dict)


class Meter:
    """Set by `metered` when its block ends."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0

    def sample(self, units: float, figures: Figures | None = None) -> Sample:
        """Return the sample of the block, in which `units` were done."""
        return Sample(
            units=units,
            wall=self.wall,
            cpu=self.cpu,
            peak_mb=peak_memory_mb(),
            figures=figures or {},
        )


@contextmanager
def metered() -> Iterator[Meter]:
    """Measure the wall time of the block, and the CPU of all threads of this process."""
    meter = Meter()
    cpu, wall = time.process_time(), time.perf_counter()
    yield meter
    meter.wall = time.perf_counter() - wall
    meter.cpu = time.process_time() - cpu


def peak_memory_mb() -> float:
    """Return the most memory that this process has used so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, kilobytes elsewhere.
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to do a table's work; `measure` runs in a fresh process for each round.

    What should not count, such as making clients and warming up, comes before its `metered` block.
    `peer` means that it needs a library of the peers' environment. `rounds` limits how often a slow
    way is measured.
    """

    name: str
    measure: Callable[[], Sample]
    peer: bool = False
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Ways to do the same work; `baseline` names the one that the others are compared with.

    `unit` is what is counted, in the singular. `note` explains how to read the table.
    """

    title: str
    unit: str
    ways: tuple[Way, ...]
    baseline: str
    note: str = ""
