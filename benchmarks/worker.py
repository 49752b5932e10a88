"""Print one measurement in a new process: python -m benchmarks.worker AREA TABLE WAY."""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys


def main() -> None:
    """Measure the way with the number WAY in the table with the number TABLE."""
    area, table, way = sys.argv[1:]
    tables = importlib.import_module(f"benchmarks.{area}").tables()
    sample = tables[int(table)].ways[int(way)].measure()
    # On a separate last line, whatever was printed before.
    sys.stdout.write(f"\n{json.dumps(dataclasses.asdict(sample))}\n")


if __name__ == "__main__":
    main()
