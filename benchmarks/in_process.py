"""What a tweet costs between its source and the call to Kinesis, and back: CPU, without the call.

It uses no more of the producer than any of its versions has, so that `benchmarks.against` can run
it on an earlier one: python benchmarks/in_process.py plain|aggregated COUNT prints microseconds.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from producer import OutgoingRecord, Settings, produce

_ACCEPTED = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
_WARM = 5_000


class _Unlimited:
    """Accepts everything at once."""

    def put_records(self, *, StreamName: str, Records: list[Any]) -> dict[str, list[Any]]:
        return {"Records": [_ACCEPTED] * len(Records)}


def main() -> None:
    """Measure one run, after a short one."""
    how, count = sys.argv[1], int(sys.argv[2])
    settings = Settings(aggregate=how == "aggregated")
    client: Any = _Unlimited()
    records = [OutgoingRecord(b"x" * 2_100, f"author{n % 997}") for n in range(count)]
    # They are there before, and no work of the garbage collector for them is the producer's.
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        undelivered = Path(folder) / "undelivered.ndjson"
        for source in (records[:_WARM], records):
            before = time.process_time()
            report = produce(
                source, client=client, stream="tweets", undelivered=undelivered, settings=settings
            )
            seconds = time.process_time() - before
            assert report.sent == len(source), report
    sys.stdout.write(f"{seconds / count * 1e6}\n")


if __name__ == "__main__":
    main()
