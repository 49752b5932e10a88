"""Run the tests marked `aws`, and send many tweets, in your AWS account.

They use new stacks and your credentials, and delete the stacks at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import pytest
from rich.console import Console

from tests.clients import as_producer
from tests.on_aws.given import Given
from tests.stack_fixtures import deployed_stack
from tests.waiting import wait_for
from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Place, aws_place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import metrics, table, verify
from tweetpipe.plan.prices import load_prices
from tweetpipe.project import ROOT

_console = Console(highlight=False, soft_wrap=True)
# faker has a plugin, and is already imported when it is loaded.
_KNOWN = "ignore::pytest.PytestAssertRewriteWarning"
_SEED = 1
_PATIENCE = 300.0  # seconds without a new item
_TIMEOUT = 1200  # seconds for a test, including the stack that it deploys
_PROBES = 20  # tweets that are sent one by one
_STACKS = 3  # including those that tests deploy; each has one shard
_SECRET_HOUR = 0.40 / 730  # dollars: https://aws.amazon.com/secrets-manager/pricing/


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """The report of a run, which can be published: it names neither account nor stack."""

    at: str
    region: str
    tests: dict[str, int]
    tweets: int
    stored_equal: int
    difference: int
    seconds_sending: float
    seconds_until_stored: float  # after the last one was sent
    seconds_of_one_tweet: dict[str, float]  # from before the put until it is read from the table
    seconds_behind_at_most: float | None  # from CloudWatch, which may not have it yet
    dollars_at_most: float


def main() -> int:
    """Return 1 if a test fails, 2 without --yes, and 3 if tweets differ."""
    parser = argparse.ArgumentParser(prog="make test-aws", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="agree to the cost")
    parser.add_argument(
        "--stack", default=f"tweets-test-{uuid.uuid4().hex[:8]}", help="name of the stack"
    )
    parser.add_argument("--boundary", default="", help="ARN of a permissions boundary")
    parser.add_argument("--count", type=int, default=10_000, help="send this many tweets")
    parser.add_argument("--report", type=Path, default=ROOT / "build" / "test-aws.json")
    options = parser.parse_args()
    place = aws_place()
    if stacks.find(place, options.stack):
        parser.error(f"the stack {options.stack} exists, and would be deleted. Use another name")
    identity = place.identity()
    cost = dollars(options.count)
    _console.print(f"Account {identity.account} as {identity.arn}, region {place.region}")
    _console.print(f"Creating the stack {options.stack}, which will be deleted at the end")
    _console.print(
        f"Cost: about ${cost:.2f} at most, for {options.count:,} tweets and an hour of "
        f"{_STACKS} shards. Tests deploy two more stacks, and delete them"
    )
    if not options.yes:
        parser.error("to agree to the cost, add --yes:\n  make test-aws YES=1")
    parameters = {"PermissionsBoundary": options.boundary} if options.boundary else {}
    # The tests remove the user's environment.
    environment = {**os.environ, "TWEETPIPE_TARGET": "aws", "TWEETPIPE_STACK": options.stack}
    with deployed_stack(place, parameters, name=options.stack) as stack:
        ours = Given(place=place, stack=stack, environment=environment, parameters=parameters)
        report = run(ours, count=options.count, cost=cost)
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")
    _console.print(json.dumps(asdict(report), indent=2))
    _console.print(f"The report is in {options.report}.")
    if left := [name for name in (options.stack, *ours.further) if stacks.find(place, name)]:
        _console.print(f"Not deleted, and still billed: {', '.join(left)}", style="red")
        return 1
    _console.print(f"Deleted: {', '.join((options.stack, *ours.further))}")
    if report.difference:
        return 3
    return 0 if report.tests["passed"] and not report.tests.keys() - {"passed", "skipped"} else 1


def run(ours: Given, *, count: int, cost: float) -> RunReport:
    """Send the tweets, compare each one, and run the tests."""
    place, stack = ours.place, ours.stack
    began = time.monotonic()
    command = [sys.executable, "-m", "tweetpipe", "produce", "fake"]
    choice = ["--count", str(count), "--seed", str(_SEED), "--rate", "900"]
    subprocess.run([*command, *choice], env=ours.environment, check=True)
    sent = time.monotonic()
    found = verify.wait_until_stored(
        place,
        stack.outputs["EventDataTable"],
        verify.expected_items(_SEED, count),
        patience=_PATIENCE,
    )
    stored = time.monotonic()
    latencies = list(_latencies(place, stack))
    tests = [str(ROOT / "tests" / "integration"), "-m", "aws", "-p", "no:xdist"]
    tests += ["-p", "no:cacheprovider", "-W", _KNOWN, "--timeout", f"{_TIMEOUT}"]
    pytest.main(tests, plugins=[ours])
    return RunReport(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        region=place.region,
        tests=dict(ours.outcomes),
        tweets=count,
        stored_equal=found.verified,
        difference=len(found.missing) + len(found.different) + len(found.unexpected),
        seconds_sending=round(sent - began, 1),
        seconds_until_stored=round(stored - sent, 1),
        seconds_of_one_tweet={
            "median": round(median(latencies), 2),
            "longest": round(max(latencies), 2),
        },
        seconds_behind_at_most=metrics.measure(place, stack).window.iterator_age,
        dollars_at_most=round(cost, 2),
    )


def _latencies(place: Place, stack: Stack) -> Iterator[float]:
    """Measure how long a tweet takes, including the time of each read of the table."""
    kinesis = as_producer(place, stack).kinesis()
    expected = verify.expected_items(_SEED + 1, _PROBES)
    for index, key in enumerate(expected):
        data, partition_key = events.chosen().fake(_SEED + 1, index)
        began = time.monotonic()
        kinesis.put_record(
            StreamName=stack.outputs["KinesisStream"], Data=data, PartitionKey=partition_key
        )
        wait_for(partial(table.get, place, stack.outputs["EventDataTable"], key), "a tweet")
        yield time.monotonic() - began


def dollars(count: int) -> float:
    """The maximum cost of a run: with prices of us-east-1, and each tweet put and written twice."""
    prices = load_prices("us-east-1")
    used = ("kinesis_put", "dynamodb_write", "lambda_request_arm64")
    twice = sum(prices[name].cost(2 * (count + 10_000)) for name in used)
    idle = _STACKS * (prices["kinesis_shard_hour"].cost(1) + _SECRET_HOUR)
    return idle + twice + 0.01


if __name__ == "__main__":
    sys.exit(main())
