"""Interleaved rounds of measurements, and their combined results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.measuring import Figures, Sample, Table

_ROOT = Path(__file__).parents[1]
_PEERS = _ROOT / ".venv/environments/bench/bin/python"
_PATIENCE = 300.0  # seconds for one measurement
_NOISE = 0.1  # a ratio may differ by this on a shared machine, even if its rounds agreed


class BenchmarkFailed(Exception):
    """A measurement failed or took too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The results of all rounds of a way; medians, except for `lowest` and `highest`.

    `rate` is units a second, and `cpu` microseconds per unit. `ratio` is the rate divided by the
    baseline's in the same round; `lowest` and `highest` are its extremes. `cpu_ratio` is the
    baseline's CPU per unit divided by this way's.
    """

    way: str
    rounds: int
    rate: float
    cpu: float
    peak_mb: float
    ratio: float
    lowest: float
    highest: float
    cpu_ratio: float
    figures: Figures = field(default_factory=dict)

    def agrees_with(self, other: Result) -> bool:
        """Return whether the ratios lie within each other's spread or within the usual noise."""
        return self.lowest * (1 - _NOISE) <= other.highest * (1 + _NOISE) and other.lowest * (
            1 - _NOISE
        ) <= self.highest * (1 + _NOISE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A table with its results, in the order of its ways."""

    title: str
    unit: str
    baseline: str
    note: str
    results: tuple[Result, ...]


def measure(
    area: str, number: int, table: Table, *, rounds: int, on_step: Callable[[str], None]
) -> Measured:
    """Measure each way in each round, or raise BenchmarkFailed."""
    samples: list[list[Sample]] = [[] for _ in table.ways]
    for turn in range(rounds):
        places = list(range(len(table.ways)))
        # Aftereffects of a measurement, such as a warm processor, affect each way in turn.
        for place in places[turn % len(places) :] + places[: turn % len(places)]:
            way = table.ways[place]
            if turn < (way.rounds or rounds):
                on_step(f"{table.title}: {way.name}, round {turn + 1} of {way.rounds or rounds}")
                python = _PEERS if way.peer else Path(sys.executable)
                samples[place].append(_sample(python, area, number, place))
    base = samples[[way.name for way in table.ways].index(table.baseline)]
    return Measured(
        title=table.title,
        unit=table.unit,
        baseline=table.baseline,
        note=table.note,
        results=tuple(
            _result(way.name, taken, base) for way, taken in zip(table.ways, samples, strict=True)
        ),
    )


def _sample(python: Path, area: str, table: int, way: int) -> Sample:
    command = [str(python), "-m", "benchmarks.worker", area, str(table), str(way)]
    try:
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env={
                name: value
                for name, value in os.environ.items()
                if not (name.startswith("AWS_") or name.lower().endswith("_proxy"))
            },
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise BenchmarkFailed(f"{' '.join(command[1:])} failed:\n{error.stderr}") from error
    except subprocess.TimeoutExpired as error:
        raise BenchmarkFailed(f"{' '.join(command[1:])} took over {_PATIENCE:g} s") from error
    return Sample(**json.loads(done.stdout.splitlines()[-1]))


def _result(name: str, taken: Sequence[Sample], base: Sequence[Sample]) -> Result:
    # A way with fewer rounds than the baseline is compared with the first rounds of the baseline.
    pairs = [*zip(taken, base, strict=False)]
    ratios = [(one.units / one.wall) / (other.units / other.wall) for one, other in pairs]
    return Result(
        way=name,
        rounds=len(taken),
        rate=median(sample.units / sample.wall for sample in taken),
        cpu=median(sample.cpu / sample.units for sample in taken) * 1e6,
        peak_mb=median(sample.peak_mb for sample in taken),
        ratio=median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
        cpu_ratio=median((other.cpu / other.units) / (one.cpu / one.units) for one, other in pairs),
        figures={
            figure: median(sample.figures[figure] for sample in taken)
            for figure in taken[0].figures
        },
    )
