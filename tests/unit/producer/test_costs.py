"""What records cost, counted in calls of functions and looks at parcels instead of in time."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from types import FrameType

from producer.backlog import Backlog
from producer.outgoing import OutgoingRecord
from producer.sending.answer import Answer
from producer.sending.outbox import Call, Outbox
from producer.settings import Settings

RECORD = OutgoingRecord(b"x", "k")


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
