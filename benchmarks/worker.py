"""One measurement in a fresh process; python -m benchmarks.worker AREA TABLE WAY prints it."""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys


def main() -> None:
    """The table and the way are numbers: their places in what the area offers."""
    area, table, way = sys.argv[1:]
    tables = importlib.import_module(f"benchmarks.{area}").tables()
    sample = tables[int(table)].ways[int(way)].measure()
    # On a line of its own, and the last one, whatever was printed before.
    sys.stdout.write(f"\n{json.dumps(dataclasses.asdict(sample))}\n")


if __name__ == "__main__":
    main()
