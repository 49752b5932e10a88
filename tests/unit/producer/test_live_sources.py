"""Sources that can't be kept waiting and can't be read again."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from producer import DeliveryError, OutgoingRecord
from producer.backlog import BUFFER_FULL
from tests.unit.producer.doubles import (
    FakeKinesis,
    accept,
    call_failure,
    data_of,
    lines,
    records,
    run,
)
from tests.waiting import wait_for


class Live:
    """Gives what is put into its queue; `last_words` come after it was told to finish."""

    def __init__(self, *, last_words: Sequence[OutgoingRecord] = ()) -> None:
        self.queue: queue.SimpleQueue[OutgoingRecord | None] = queue.SimpleQueue()
        self.finished = threading.Event()
        self._last_words = last_words

    def say(self, outgoing: Sequence[OutgoingRecord]) -> None:
        for record in outgoing:
            self.queue.put(record)

    def finish(self) -> None:
        self.finished.set()
        self.queue.put(None)

    def __iter__(self) -> Iterator[OutgoingRecord]:
        while (record := self.queue.get()) is not None:
            yield record
        yield from self._last_words


def test_a_stop_finishes_the_source_and_delivers_all_that_it_had_read(undelivered: Path) -> None:
    outgoing = records(1200)
    live = Live(last_words=outgoing[700:])
    live.say(outgoing[:700])
    stop = threading.Event()
    kinesis = FakeKinesis()

    report = run(
        live,
        kinesis,
        undelivered,
        stop=stop,
        on_progress=lambda progress: stop.set() if progress.sent else None,
    )

    assert live.finished.is_set()
    assert report.interrupted
    assert (report.read, report.sent, report.failed) == (1200, 1200, 0)
    assert sorted(kinesis.stored) == sorted(data_of(outgoing))


def test_what_finds_no_room_is_set_aside_and_not_kept_waiting(undelivered: Path) -> None:
    outgoing = records(30)
    answered = threading.Event()

    def hang(data: list[bytes]) -> Sequence[str | None]:
        assert answered.wait(60)
        return accept(data)

    live = Live()
    live.say(outgoing)

    def when_all_is_read(_: object) -> None:
        if len(lines(undelivered)) == 20:
            answered.set()
            live.finish()

    kinesis = FakeKinesis(hang)
    # One call in flight and one that waits, of five records each.
    report = run(
        live, kinesis, undelivered, max_records=5, calls_in_flight=1, on_progress=when_all_is_read
    )

    assert (report.read, report.sent, report.failed) == (30, 10, 20)
    assert report.errors == {BUFFER_FULL: 20}
    assert sorted([*kinesis.stored, *lines(undelivered)]) == sorted(data_of(outgoing))


def test_a_kinesis_that_refuses_all_finishes_the_source(undelivered: Path) -> None:
    def no_stream(_: list[bytes]) -> Sequence[str | None]:
        raise call_failure("ResourceNotFoundException")

    live = Live()
    live.say(records(3))

    with pytest.raises(DeliveryError) as caught:
        run(live, FakeKinesis(no_stream), undelivered, linger=0.0)

    assert live.finished.is_set()
    assert caught.value.report is not None
    assert len(lines(undelivered)) == caught.value.report.read == 3


def test_a_source_that_ends_by_itself_is_no_interruption(undelivered: Path) -> None:
    live = Live()
    live.say(records(3))
    live.finish()

    report = run(live, FakeKinesis(), undelivered)

    assert not report.interrupted
    assert report.sent == 3
    wait_for(live.finished.is_set, "the end of the source")
