"""Compare the CPU that the producer and the function use with that of an earlier commit.

python -m benchmarks.against COMMIT
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.processor import events_of

_ROOT = Path(__file__).parents[1]
_MEASURED = _ROOT / "benchmarks" / "in_process.py"
_NEEDED = ("producer", "processor", "tweets")
_BATCHES, _BATCH_SIZE = 10, 500


def main(arguments: list[str] | None = None, say: Callable[[str], object] = print) -> None:
    """Print microseconds per tweet, then and now, and the ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against", description=__doc__)
    parser.add_argument("commit", help="compare with this commit")
    parser.add_argument("--rounds", type=int, default=7, help="measure each this many times (7)")
    parser.add_argument(
        "--count", type=int, default=200_000, help="measure this many tweets in a run (200000)"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        _export(options.commit, Path(folder))
        events = Path(folder) / "events.json"
        events.write_text(json.dumps(events_of(_BATCHES * _BATCH_SIZE, _BATCH_SIZE)))
        for how in ("plain", "aggregated", "function"):
            then: list[float] = []
            now: list[float] = []
            for turn in range(options.rounds):
                both = [(then, Path(folder)), (now, _ROOT)]
                for taken, tree in both if turn % 2 else reversed(both):
                    taken.append(_microseconds(tree, how, options.count, events))
            ratios = sorted(old / new for old, new in zip(then, now, strict=True))
            say(
                f"{how}: {median(then):.2f} µs then, {median(now):.2f} now; "
                f"{median(ratios):.2f} times less ({ratios[0]:.2f} to {ratios[-1]:.2f}), "
                f"{min(then) / min(now):.2f} for the best rounds"
            )


def _export(commit: str, folder: Path) -> None:
    listing = ["git", "ls-tree", "--name-only", commit, *_NEEDED]
    there = subprocess.run(listing, cwd=_ROOT, check=True, capture_output=True, text=True).stdout
    archive = ["git", "archive", "--format=tar", commit, *there.split()]
    tar = subprocess.run(archive, cwd=_ROOT, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=tar, check=True)


def _microseconds(tree: Path, how: str, count: int, events: Path) -> float:
    # -P keeps the script's folder off sys.path: some of its modules share names with others.
    command = [sys.executable, "-P", str(_MEASURED), how, str(count), str(events)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
