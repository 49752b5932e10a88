"""What records cost, counted in calls of functions and looks at parcels instead of in time."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from types import FrameType

from producer.backlog import Backlog
from producer.outgoing import OutgoingRecord
from producer.sending.answer import SHARD_FULL, Answer
from producer.sending.batches import Held
from producer.sending.outbox import Call, Outbox, Settled
from producer.settings import Settings

RECORD = OutgoingRecord(b"x", "k")
YOUNG = 1e6
"""When a record was read that is not given up with others: after all that happens here."""


def calls_in(work: Callable[[], object]) -> int:
    """How many functions written in Python are called."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def backlog_of() -> Backlog:
    outbox = Outbox(Settings(), random=lambda: 0.5, now=0.0)
    # A clock that stands still, and is no function that would be counted.
    clock = itertools.repeat(0.0).__next__
    return Backlog(outbox, max_held_records=30_000, max_held_bytes=1 << 30, clock=clock)


def taken(backlog: Backlog) -> Call:
    call = backlog.take()
    assert call is not None
    return call


def add(backlog: Backlog, count: int) -> None:
    for _ in range(count):
        backlog.add(RECORD, size=2)


def settle(backlog: Backlog, call: Call) -> None:
    records = len(call.batch)
    backlog.settle(call, Answer([None] * records, ["shardId-000000000000"] * records))


def test_a_record_takes_few_calls_on_its_way_in() -> None:
    backlog = backlog_of()

    # The backlog's two, the record's own, what waits, and the line.
    assert calls_in(lambda: add(backlog, 1_000)) <= 5_500


def test_what_is_sent_and_accepted_takes_work_by_the_call_and_not_by_the_record() -> None:
    backlog = backlog_of()
    add(backlog, 20_000)
    backlog.want_no_more()
    # Until it is known that the stream takes full calls.
    for _ in range(30):
        settle(backlog, taken(backlog))

    call = taken(backlog)

    assert len(call.batch) == 500
    assert calls_in(lambda: settle(backlog, call)) <= 60
    assert calls_in(lambda: taken(backlog)) <= 60


def test_an_answer_wakes_none_of_those_who_wait_for_a_call() -> None:
    backlog = backlog_of()
    add(backlog, 10)
    backlog.want_no_more()
    call = taken(backlog)
    woken: list[int] = []
    backlog._work.notify = lambda n=1: woken.append(n)  # type: ignore[method-assign]
    backlog._work.notify_all = lambda: woken.append(99)  # type: ignore[method-assign]

    settle(backlog, call)

    assert not woken


def test_giving_up_looks_at_what_waits_once_and_not_for_each_refused_record() -> None:
    outbox = Outbox(Settings(give_up_after=1.0), random=lambda: 0.5, now=0.0)
    for number in range(12_000):
        outbox.add(Held(RECORD, 2, YOUNG, number), 0.0)
    for _ in range(20):
        call = outbox.take(0.0)
        shards: list[str | None] = ["shardId-000000000000"] * len(call.batch)
        outbox.settle(call, Answer([None] * len(shards), shards), 0.0)
    now = 0.0
    settled: list[Settled | None] = []
    calls = 0
    while not any(one and one.given_up for one in settled):
        while outbox.ready_in(now, flush=True) != 0.0:
            now += 0.1
        call = outbox.take(now)
        answer = Answer.failure(SHARD_FULL, len(call.batch))
        calls = calls_in(lambda: settled.append(outbox.settle(call, answer, now)))  # noqa: B023

    assert len(call.batch) >= 20
    assert calls <= 3 * 12_000
