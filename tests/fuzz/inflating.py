"""Batches that hold far more than their bytes: many tiny records in aggregated ones.

`python -m tests.fuzz.inflating 1000` judges so many of them, without atheris.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from processor.batch import process
from processor.dead_letters import DeadLetterQueue
from processor.lambda_event import respond
from processor.table import Table
from tests.fuzz.aggregates import aggregate, inside
from tests.fuzz.judge import INLINE
from tests.tweets import TWEETS
from tests.unit.processor.events import kinesis_records
from tests.unit.processor.fakes import QUEUE_URL, FakeDynamoDB, FakeSQS
from tweets.oracle import expected_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.payloads import Draws

SECONDS = 6.0  # of CPU, for an invocation
_MOST_MB = 100
_MOST_EVENT_BYTES = 4_500_000
_COUNTS = (3, 100, 101, 101, 300, 300, 1_000, 1_000, 10_000, 10_001, 170_000)
_RUBBISH = (b"", b"x", b"{}", b'{"id":1}')
_GOOD = 20
_MOST_LETTERS = 100


class Figures(NamedTuple):
    """What a batch held and took: contained records, invocations, the slowest one's CPU, memory."""

    records: int
    invocations: int
    seconds: float
    megabytes: float


def inflating(draws: Draws) -> list[bytes]:
    """Some aggregated records of up to 170,000 records each, and 20 plain tweets among them."""
    made: list[bytes] = []
    aggregates = draws.ConsumeIntInRange(1, 5)
    for number in range(aggregates if draws.ConsumeIntInRange(0, 99) else 60):
        count = _COUNTS[draws.ConsumeIntInRange(0, len(_COUNTS) - 1)]
        rubbish = [_RUBBISH[draws.ConsumeIntInRange(0, len(_RUBBISH) - 1)]] * count
        start = draws.ConsumeIntInRange(0, 1) * number * 20_000
        good = [_tweet(start + place) for place in range(count if count < 5_000 else 50)]
        share = draws.ConsumeIntInRange(0, 2)
        parts = (rubbish, good, [*rubbish[: len(rubbish) // 2], *good])[share]
        data = aggregate(parts, key="\N{OK HAND SIGN}" * draws.ConsumeIntInRange(1, 256))
        if sum(map(len, made)) + len(data) <= _MOST_EVENT_BYTES:
            made.append(data)
    for number in range(_GOOD):
        made.insert(draws.ConsumeIntInRange(0, len(made)), _tweet(10**9 + number))
    return made


def _tweet(number: int) -> bytes:
    return b'{"id":%d,"created_at":"2018-10-10T20:19:24Z","text":"","user":{"id":1}}' % number


def judge_inflated(payloads: Sequence[bytes]) -> Figures:
    """Have a batch processed as Lambda does, again from the checkpoint until all is done.

    Raises AssertionError where a deadline, the memory, or a record is lost.
    """
    records = kinesis_records(payloads)
    numbers = [record["kinesis"]["sequenceNumber"] for record in records]
    dynamodb, sqs = FakeDynamoDB(), FakeSQS()
    at = invocations = 0
    slowest, before = 0.0, _peak_mb()
    while at < len(records):
        began = time.thread_time()

        def seconds_left(began: float = began) -> float:
            return SECONDS - (time.thread_time() - began)

        account = process(
            records[at:],
            events=TWEETS,
            table=Table(dynamodb, "tweets-EventData", INLINE, TWEETS.key),
            queue=DeadLetterQueue(sqs, QUEUE_URL, INLINE),
            seconds_left=seconds_left,
        )
        invocations += 1
        slowest = max(slowest, time.thread_time() - began)
        assert slowest < SECONDS, f"{slowest:.1f} s"
        failures = respond(account.unhandled)["batchItemFailures"]
        checkpoint = numbers.index(failures[0]["itemIdentifier"]) if failures else len(records)
        assert checkpoint > at, "no progress"
        at = checkpoint
    megabytes = _peak_mb() - before
    assert megabytes < _MOST_MB, f"{megabytes:.0f} MB"
    stored, letters, held = _expected(payloads)
    assert {key[1] for key in dynamodb.items} == stored
    sent = Counter(letter["sequenceNumber"] for letter in sqs.messages)
    # At least once: a batch that is retried sends its dead letters again.
    assert all(sent.pop(numbers[place], 0) >= count for place, count in letters.items())
    assert not sent, "a dead letter of nothing that was sent"
    return Figures(held, invocations, slowest, megabytes)


def _expected(payloads: Sequence[bytes]) -> tuple[set[str], dict[int, int], int]:
    """The ids to be stored, how many dead letters each record has, and how many it holds in all."""
    stored: set[str] = set()
    letters: dict[int, int] = {}
    held = 0
    known: dict[bytes, str | None] = {}
    for place, payload in enumerate(payloads):
        contents = inside(payload)
        parts = [payload] if contents is None else [content.data for content in contents]
        held += len(parts) or 1
        for part in set(parts) - known.keys():
            item = expected_item(part)
            known[part] = item["Id"] if item else None
        ids = [known[part] for part in parts]
        stored |= {id_ for id_ in ids if id_ is not None}
        unusable = ids.count(None)
        if unusable or not parts:
            letters[place] = unusable if 0 < unusable <= _MOST_LETTERS else 1
    return stored, letters, held


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if sys.platform == "linux" else 1024**2)


class Seeded:
    """Numbers that a seed decides, by the names of atheris's provider."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def ConsumeIntInRange(self, low: int, high: int, /) -> int:
        return self._random.randint(low, high)

    def ConsumeBytes(self, count: int, /) -> bytes:
        return self._random.randbytes(count)

    def ConsumeUnicode(self, count: int, /) -> str:
        return self._random.randbytes(count).decode("latin-1")


def main(count: int) -> None:
    """Judge so many batches, and print the worst figures."""
    figures = [judge_inflated(inflating(Seeded(seed))) for seed in range(count)]
    worst = Figures(*map(max, zip(*figures, strict=True)))
    total = sum(figure.records for figure in figures)
    print(json.dumps({"batches": count, "records": total} | {"worst": worst._asdict()}))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
