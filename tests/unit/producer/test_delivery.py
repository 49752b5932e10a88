from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from operator import contains
from pathlib import Path

import pytest

from producer import (
    OutgoingRecord,
    Progress,
)
from producer.outgoing import MAX_RECORD_BYTES
from tests.unit.producer.doubles import (
    THROTTLED,
    FakeKinesis,
    accept,
    call_failure,
    data_of,
    lines,
    records,
    run,
    shard_of,
)
from tests.waiting import wait_for


def test_without_faults_every_record_is_stored_once(undelivered: Path) -> None:
    outgoing = records(1203)
    kinesis = FakeKinesis()

    report = run(outgoing, kinesis, undelivered)

    assert kinesis.stored == Counter(data_of(outgoing))
    assert (report.read, report.sent, report.failed, report.retried) == (1203, 1203, 0, 0)
    assert report.bytes_sent == sum(record.size for record in outgoing)
    assert report.errors == {}
    assert report.undelivered is None
    assert not report.interrupted
    assert not undelivered.exists()


def test_records_without_a_partition_key_are_sent_and_counted(undelivered: Path) -> None:
    keyed = [b'{"sensor": "a%d"}' % number for number in range(20)]
    keyless = [b"no JSON", b"{}", b"[1]", b'{"sensor": 7}', b'{"sensor": ""}']

    def sensor(data: bytes) -> str:
        key: str = json.loads(data)["sensor"]
        return key

    source = [OutgoingRecord.keyed(data, sensor) for data in (*keyed, *keyless)]
    kinesis = FakeKinesis()

    report = run(source, kinesis, undelivered)

    assert (report.sent, report.keyless) == (25, 5)
    assert kinesis.stored == Counter([*keyed, *keyless])


def test_an_empty_source_is_no_fault(undelivered: Path) -> None:
    kinesis = FakeKinesis()

    report = run([], kinesis, undelivered)

    assert report.read == 0
    assert kinesis.calls == []


def test_calls_are_filled_when_the_source_is_fast(undelivered: Path) -> None:
    kinesis = FakeKinesis()

    run(records(6000), kinesis, undelivered, linger=60.0, calls_in_flight=1)

    sizes = [len(call) for call in kinesis.calls]
    assert sizes[:3] == [16, 64, 256]
    # As long as a shard might be full, not all is sent that a call may hold.
    assert sizes[-8:-1] == [500] * 7


def test_a_slow_endpoint_gets_what_it_answers_in_two_seconds_and_is_named(
    undelivered: Path,
) -> None:
    now = 0.0

    def ten_milliseconds_each(data: list[bytes]) -> Sequence[str | None]:
        nonlocal now
        now += 0.01 * len(data)
        return accept(data)

    kinesis = FakeKinesis(ten_milliseconds_each)
    report = run(records(2000), kinesis, undelivered, clock=lambda: now, calls_in_flight=1)

    assert report.sent == 2000
    assert max(len(call) for call in kinesis.calls) <= 200
    assert report.endpoint_rate == pytest.approx(100)
    assert report.elapsed == pytest.approx(20)


def test_a_slow_source_is_delivered_while_it_waits(undelivered: Path) -> None:
    kinesis = FakeKinesis()

    def source() -> Iterator[OutgoingRecord]:
        for record in records(3):
            yield record
            wait_for(partial(contains, kinesis.stored, record.data), "the record")

    assert run(source(), kinesis, undelivered, linger=0.005).sent == 3


def test_refused_records_are_sent_again_and_the_others_are_not(undelivered: Path) -> None:
    attempts: Counter[bytes] = Counter()

    def every_third_at_first(data: list[bytes]) -> Sequence[str | None]:
        attempts.update(data)
        return [
            "InternalFailure" if n % 3 == 0 and attempts[item] == 1 else None
            for n, item in enumerate(data)
        ]

    outgoing = records(900)
    kinesis = FakeKinesis(every_third_at_first)
    report = run(outgoing, kinesis, undelivered)

    assert kinesis.stored == Counter(data_of(outgoing))
    assert report.sent == 900
    assert report.retried == report.errors["InternalFailure"] == sum(attempts.values()) - 900
    assert report.retried >= 200


def test_a_full_shard_does_not_stop_the_others(undelivered: Path) -> None:
    others_done = threading.Event()
    outgoing = records(300)
    full = {record.data for record in outgoing if shard_of(record.partition_key, 2)[-1] == "1"}

    def refuse_full(data: list[bytes]) -> Sequence[str | None]:
        return [THROTTLED if item in full and not others_done.is_set() else None for item in data]

    kinesis = FakeKinesis(refuse_full, shards=2)

    def see(_: Progress) -> None:
        if len(kinesis.stored) == 300 - len(full):
            others_done.set()

    report = run(outgoing, kinesis, undelivered, max_records=50, on_progress=see)

    assert 0 < len(full) < 300
    assert report.sent == 300


def test_what_kinesis_keeps_refusing_goes_to_the_file(undelivered: Path) -> None:
    outgoing = records(20)
    bad = {outgoing[3].data, outgoing[17].data}
    kinesis = FakeKinesis(lambda data: [THROTTLED if item in bad else None for item in data])

    report = run(outgoing, kinesis, undelivered, give_up_after=0.05)

    assert (report.read, report.sent, report.failed, report.unanswered) == (20, 18, 2, 0)
    assert report.undelivered == undelivered
    assert sorted(lines(undelivered)) == sorted(bad)


def test_a_record_that_spoils_its_call_is_isolated(undelivered: Path) -> None:
    outgoing = records(500)
    poison = {outgoing[0].data, outgoing[123].data, outgoing[499].data}

    def reject_poison(data: list[bytes]) -> Sequence[str | None]:
        if poison & set(data):
            raise call_failure("ValidationException")
        return accept(data)

    kinesis = FakeKinesis(reject_poison)
    report = run(outgoing, kinesis, undelivered)

    assert kinesis.stored == Counter(data_of(outgoing)) - Counter(poison)
    assert sorted(lines(undelivered)) == sorted(poison)
    assert (report.sent, report.failed) == (497, 3)
    assert report.errors == report.unsendable.codes == {"ValidationException": 3}


def test_a_record_too_large_for_kinesis_is_never_sent(undelivered: Path) -> None:
    fits = OutgoingRecord(b"x" * (MAX_RECORD_BYTES - 1), "k")
    too_large = OutgoingRecord(b"y" * MAX_RECORD_BYTES, "k")
    kinesis = FakeKinesis()

    report = run([too_large, fits], kinesis, undelivered)

    assert kinesis.stored == Counter([fits.data])
    assert lines(undelivered) == [too_large.data]
    assert report.errors == report.unsendable.codes == {"RecordTooLarge": 1}


def test_a_stream_that_takes_larger_records_gets_them(undelivered: Path) -> None:
    fits = OutgoingRecord(b"x" * (2 * MAX_RECORD_BYTES - 1), "k")
    too_large = OutgoingRecord(b"y" * 2 * MAX_RECORD_BYTES, "k")
    kinesis = FakeKinesis()

    report = run([too_large, fits], kinesis, undelivered, max_record_bytes=2 * MAX_RECORD_BYTES)

    assert kinesis.stored == Counter([fits.data])
    assert report.errors == {"RecordTooLarge": 1}


def test_memory_is_bounded_by_two_batches_for_each_call_in_flight(undelivered: Path) -> None:
    given = 0
    gate = threading.Event()
    waiting: list[int] = []

    def source() -> Iterator[OutgoingRecord]:
        nonlocal given
        for record in records(1000):
            given += 1
            yield record

    def when_open(data: list[bytes]) -> Sequence[str | None]:
        gate.wait()
        return accept(data)

    def see(progress: Progress) -> None:
        waiting.append(progress.waiting)
        if not gate.is_set():
            # Two batches of 10 for each of 3 calls, and the record that the reader holds.
            wait_for(lambda: given == 61, "61 records")
            gate.set()

    report = run(
        source(),
        FakeKinesis(when_open),
        undelivered,
        max_records=10,
        calls_in_flight=3,
        on_progress=see,
    )

    assert report.sent == 1000
    assert max(waiting) <= 60


def test_progress_never_claims_more_than_was_read_and_ends_with_the_report(
    undelivered: Path,
) -> None:
    seen: list[Progress] = []
    time = itertools.count()

    report = run(
        records(2000),
        FakeKinesis(),
        undelivered,
        on_progress=seen.append,
        clock=lambda: next(time) / 10,
    )

    assert seen[-1] is report
    assert all(progress.waiting >= 0 for progress in seen)
    assert [progress.read for progress in seen] == sorted(progress.read for progress in seen)


def test_records_are_sent_at_the_rate(undelivered: Path) -> None:
    report = run(records(41), FakeKinesis(), undelivered, rate=200.0)

    # 40 intervals, less what may be made up for after a delay.
    assert report.elapsed >= 0.1
    assert report.sent == 41
