"""Compare this project with other ways to do the same work, on this machine, in one run."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as Shown

from benchmarks.machine import machine
from benchmarks.measuring import Table
from benchmarks.running import BenchmarkFailed, Measured, Result, measure

AREAS = ("fake_tweets", "files", "producer", "limits", "processor", "end_to_end")
_ON_REQUEST = ("all_limits",)
_NAMES = ", ".join((*AREAS, *_ON_REQUEST))
ROUNDS = 3

# In a file, lines are as wide as in a wide terminal.
_console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)


def main() -> int:
    """Return 1 if a measurement fails, and 3 if a ratio differs much from an earlier run's."""
    options = _options()
    # Read first, because --json may name the same file.
    before = _read(options.against) if options.against else None
    started = time.monotonic()
    measured: list[Measured] = []
    try:
        for area in options.areas or AREAS:
            for number, table in enumerate(tables_of(area)):
                with _console.status(table.title) as status:
                    measured.append(
                        measure(area, number, table, rounds=options.rounds, on_step=status.update)
                    )
                _show(measured[-1])
    except BenchmarkFailed as failure:
        _console.print(str(failure), style="red", markup=False)
        return 1
    _console.print(f"Measured in {(time.monotonic() - started) / 60:.1f} minutes on {machine()}.")
    if options.json:
        tables = [dataclasses.asdict(table) for table in measured]
        text = json.dumps({"machine": machine(), "tables": tables}, indent=1)
        options.json.write_text(f"{text}\n")
    return _compare(measured, before) if before is not None else 0


def tables_of(area: str) -> Sequence[Table]:
    """Return the tables of one of AREAS."""
    tables: Sequence[Table] = importlib.import_module(f"benchmarks.{area}").tables()
    return tables


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    # No `choices`: argparse would also check the empty list, which stands for all areas.
    parser.add_argument(
        "areas",
        nargs="*",
        metavar="AREA",
        help=f"measure only these of {_NAMES}; by default, the first {len(AREAS)}",
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="measure each way this many times (3)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="compare the ratios with those in an earlier --json file",
    )
    options = parser.parse_args()
    if unknown := set(options.areas) - {*AREAS, *_ON_REQUEST}:
        parser.error(f"unknown area: {', '.join(sorted(unknown))}; choose from {_NAMES}")
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    if options.against and not options.against.is_file():
        parser.error(f"{options.against} is not a file; create one with --json")
    return options


def _show(table: Measured) -> None:
    shown = Shown(title=table.title, caption=table.note or None)
    shown.add_column("way")
    for heading in (
        f"{table.unit}s/s",
        "times",
        "spread",
        f"CPU µs/{table.unit}",
        "times less",
        "peak MB",
    ):
        shown.add_column(heading, justify="right")
    figures = list(dict.fromkeys(name for result in table.results for name in result.figures))
    for name in figures:
        shown.add_column(name, justify="right")
    for result in table.results:
        shown.add_row(
            result.way,
            _rounded(result.rate),
            _rounded(result.ratio),
            f"{_rounded(result.lowest)}-{_rounded(result.highest)}",
            _rounded(result.cpu),
            _rounded(result.cpu_ratio),
            f"{result.peak_mb:,.0f}",
            *(_rounded(result.figures[name]) if name in result.figures else "" for name in figures),
        )
    _console.print(shown)


def _rounded(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _read(file: Path) -> dict[tuple[str, str], Result]:
    return {
        (table["title"], result["way"]): Result(**result)
        for table in json.loads(file.read_text())["tables"]
        for result in table["results"]
    }


def _compare(measured: list[Measured], before: dict[tuple[str, str], Result]) -> int:
    pairs = [
        (table.title, result, before[table.title, result.way])
        for table in measured
        for result in table.results
        if (table.title, result.way) in before
    ]
    far = [pair for pair in pairs if not pair[1].agrees_with(pair[2])]
    for title, now, then in far:
        _console.print(
            f"{title}, {now.way}: {_rounded(now.ratio)} times, "
            f"but {_rounded(then.ratio)} times in the earlier run",
            style="red",
        )
    _console.print(f"{len(pairs) - len(far)} of {len(pairs)} ratios agree with the earlier run.")
    return 3 if far else 0


if __name__ == "__main__":
    sys.exit(main())
