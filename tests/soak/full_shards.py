"""Run two producers on full shards with a split and an outage, and check that nothing is lost.

.venv/bin/python -m tests.soak.full_shards --seconds 300 --outage 30
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.clients import STREAM, boto3_client
from benchmarks.shards import SHARD_BYTES
from benchmarks.stub_kinesis import StubKinesis, stub_kinesis
from benchmarks.stub_stream import Books
from producer import OutgoingRecord, Report, Settings, kinesis_client_config, produce

_SHARDS = 2
_KEYS = 1000
# Sizes of tweets: one producer sends many short tweets in few records, the other long ones.
_SIZES = {True: 2_000, False: 8_000}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The reports of both producers, and the contents of the stream."""

    reports: tuple[Report, ...]
    books: Books
    seconds: float

    @property
    def is_balanced(self) -> bool:
        """Whether every tweet was acknowledged and stored."""
        read = sum(report.read for report in self.reports)
        sent = sum(report.sent for report in self.reports)
        return read == sent == self.books.distinct

    @property
    def sendings(self) -> float:
        """How often a Kinesis record was sent until it was accepted."""
        return (self.books.records + self.books.refused) / self.books.records


def full_shards(*, seconds: float, outage: float, give_up_after: float) -> Outcome:
    """Send for about `seconds`: with a split after a third, and the outage after two thirds."""
    # Two shards for a third of the time, and four for the rest.
    size = int((seconds - outage) * _SHARDS * SHARD_BYTES * 5 / 3 / 2)
    with (
        stub_kinesis(service_time=0.02, shards=_SHARDS) as stub,
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(2) as pool,
    ):
        over = threading.Event()
        started = time.monotonic()
        events = threading.Thread(target=_events, args=(stub, over, seconds / 3, outage))
        events.start()
        try:
            runs = [
                pool.submit(_send, stub, Path(folder), size, aggregate, give_up_after)
                for aggregate in (True, False)
            ]
            reports = tuple(run.result() for run in runs)
        finally:
            over.set()
            events.join()
        return Outcome(reports=reports, books=stub.books(), seconds=time.monotonic() - started)


def _events(stub: StubKinesis, over: threading.Event, pause: float, outage: float) -> None:
    if not over.wait(pause):
        stub.split()
    if not over.wait(pause):
        stub.fail_for(outage)


def _send(
    stub: StubKinesis, folder: Path, size: int, aggregate: bool, give_up_after: float
) -> Report:
    settings = Settings(aggregate=aggregate, give_up_after=give_up_after)
    return produce(
        _tweets(size, _SIZES[aggregate]),
        client=boto3_client(stub, config=kinesis_client_config(settings)),
        stream=STREAM,
        undelivered=folder / f"{aggregate}.ndjson",
        settings=settings,
    )


def _tweets(size: int, each: int) -> Iterator[OutgoingRecord]:
    for number in range(size // each):
        start = b"%d of %d " % (number, each)
        yield OutgoingRecord(start.ljust(each - 12, b"x"), f"author{number % _KEYS:06}")


def _main() -> int:
    """Return exit code 3 if the books differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.full_shards", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=300.0, help="run for about this long (300)"
    )
    parser.add_argument("--outage", type=float, default=30.0, help="seconds (30)")
    options = parser.parse_args()
    done = full_shards(seconds=options.seconds, outage=options.outage, give_up_after=60.0)
    say = Console(highlight=False).print
    for report in done.reports:
        say(
            f"read {report.read:,}, sent {report.sent:,}, given up {report.failed:,}, "
            f"sent again {report.retried:,}, {report.bytes_sent / report.elapsed / 1e6:.2f} MB/s; "
            f"{dict(report.errors)}"
        )
    say(
        f"{done.seconds:.0f} s; {done.books.distinct:,} tweets arrived, "
        f"{done.books.tweets - done.books.distinct:,} twice; {done.sendings:.3f} sends per record"
    )
    say("The books balance." if done.is_balanced else "The books differ.")
    return 0 if done.is_balanced else 3


if __name__ == "__main__":
    sys.exit(_main())
