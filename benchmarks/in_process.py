"""What a tweet costs the producer, and the function, in CPU without their calls to AWS.

It uses only what every version of the two has, so that `benchmarks.against` can run it on earlier
ones. `python benchmarks/in_process.py plain|aggregated|function COUNT EVENTS` prints microseconds.
EVENTS is a JSON file of batches as Lambda passes them to the function.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_ACCEPTED = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
_WARM = 5_000


class _Unlimited:
    """Accepts everything immediately."""

    def put_records(self, *, StreamName: str, Records: list[Any]) -> dict[str, list[Any]]:
        return {"Records": [_ACCEPTED] * len(Records)}

    def batch_write_item(self, *, RequestItems: object) -> dict[str, Any]:
        return {"UnprocessedItems": {}}


def main() -> None:
    """Measure one run, after a short one to warm up."""
    how, count = sys.argv[1], int(sys.argv[2])
    with open(os.devnull, "w") as log, redirect_stdout(log):
        run = _function(sys.argv[3]) if how == "function" else _producer(how, count)
        # Keeps the garbage collector from scanning objects that the measured code didn't make.
        gc.freeze()
        run(min(count, _WARM))
        before = time.process_time()
        done = run(count)
        seconds = time.process_time() - before
    sys.stdout.write(f"{seconds / done * 1e6}\n")


def _producer(how: str, count: int) -> Callable[[int], int]:
    from producer import OutgoingRecord, Settings, produce

    settings = Settings(aggregate=how == "aggregated")
    client: Any = _Unlimited()
    records = [OutgoingRecord(b"x" * 2_100, f"author{n % 997}") for n in range(count)]

    def run(count: int) -> int:
        with tempfile.TemporaryDirectory() as folder:
            undelivered = Path(folder) / "undelivered.ndjson"
            report = produce(
                records[:count],
                client=client,
                stream="tweets",
                undelivered=undelivered,
                settings=settings,
            )
        assert report.sent == count, report
        return count

    return run


def _function(events: str) -> Callable[[int], int]:
    from processor import clients

    os.environ |= {"TABLE_NAME": "tweets", "DEAD_LETTER_QUEUE_URL": "none"}
    connected: Any = (_Unlimited(), None)
    clients.connect = lambda: connected
    from processor.handler import handler

    context: Any = SimpleNamespace(
        function_name="tweets",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:tweets",
        aws_request_id="11111111-2222-3333-4444-555555555555",
        get_remaining_time_in_millis=lambda: 60_000,
    )
    batches = json.loads(Path(events).read_text())

    def run(count: int) -> int:
        done = 0
        for batch in itertools.cycle(batches):
            assert handler(batch, context) == {"batchItemFailures": []}
            done += len(batch["Records"])
            if done >= count:
                return done
        return done

    return run


if __name__ == "__main__":
    main()
