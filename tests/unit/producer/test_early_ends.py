from __future__ import annotations

import itertools
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from producer import (
    DeliveryError,
    FakesGoingOn,
    OutgoingRecord,
    Progress,
    SettingsError,
    SourceError,
    UndeliveredError,
    file_source,
    produce,
    undelivered_path,
)
from tests.tweets import EVENTS, fake_source
from tests.unit.producer.doubles import (
    THROTTLED,
    FakeKinesis,
    accept,
    call_failure,
    data_of,
    lines,
    records,
    refuse,
    run,
)


def test_a_refusal_that_no_retry_heals_ends_the_run_and_keeps_what_was_read(
    undelivered: Path,
) -> None:
    def no_stream(_: list[bytes]) -> Sequence[str | None]:
        raise call_failure("ResourceNotFoundException")

    endless = (OutgoingRecord(b"%d" % n, "k") for n in itertools.count())

    with pytest.raises(DeliveryError, match="ResourceNotFoundException") as caught:
        run(endless, FakeKinesis(no_stream), undelivered)

    report = caught.value.report
    assert report is not None
    assert report.read == report.failed == len(lines(undelivered)) > 0
    assert report.unwritten == 0


def test_a_record_on_its_way_from_the_source_when_the_run_ends_is_kept(undelivered: Path) -> None:
    refused = threading.Event()

    def source() -> Iterator[OutgoingRecord]:
        yield records(2)[0]
        refused.wait()
        yield records(2)[1]

    def no_stream(_: list[bytes]) -> Sequence[str | None]:
        refused.set()
        raise call_failure("ResourceNotFoundException")

    with pytest.raises(DeliveryError):
        run(source(), FakeKinesis(no_stream), undelivered, linger=0.0)

    assert lines(undelivered) == data_of(records(2))


def test_an_unforeseen_failure_of_the_client_ends_the_run_likewise(undelivered: Path) -> None:
    def broken(_: list[bytes]) -> Sequence[str | None]:
        raise RuntimeError("cannot schedule new futures")

    with pytest.raises(DeliveryError, match="RuntimeError: cannot schedule") as caught:
        run(records(3), FakeKinesis(broken), undelivered)

    assert isinstance(caught.value.__cause__, RuntimeError)
    assert lines(undelivered) == data_of(records(3))


def test_what_was_read_from_a_source_that_breaks_off_is_delivered(undelivered: Path) -> None:
    def source() -> Iterator[OutgoingRecord]:
        yield from records(3)
        raise ConnectionError("hung up")

    kinesis = FakeKinesis()
    with pytest.raises(SourceError, match="ConnectionError: hung up") as caught:
        run(source(), kinesis, undelivered)

    assert isinstance(caught.value.__cause__, ConnectionError)
    assert caught.value.report is not None
    assert caught.value.report.sent == 3
    assert len(kinesis.stored) == 3


def test_a_stop_is_heard_while_the_source_is_blocked(undelivered: Path) -> None:
    stop, release = threading.Event(), threading.Event()

    def source() -> Iterator[OutgoingRecord]:
        yield from records(3)
        release.wait()

    def store_and_stop(data: list[bytes]) -> Sequence[str | None]:
        if records(3)[-1].data in data:
            stop.set()
        return accept(data)

    report = run(source(), FakeKinesis(store_and_stop), undelivered, stop=stop, linger=0.0)
    release.set()

    assert report.interrupted
    assert (report.read, report.sent) == (3, 3)


def test_a_stop_flushes_what_was_read_and_reads_no_more(undelivered: Path) -> None:
    stop = threading.Event()
    given: list[bytes] = []
    kinesis = FakeKinesis()

    def source() -> Iterator[OutgoingRecord]:
        for n in itertools.count():
            given.append(b"%d" % n)
            if n == 1000:
                stop.set()
            yield OutgoingRecord(given[-1], "k")

    report = run(source(), kinesis, undelivered, stop=stop)

    assert report.interrupted
    assert report.read == report.sent == len(given) == 1001
    assert kinesis.stored == Counter(given)


def test_what_cannot_be_flushed_by_the_deadline_goes_to_the_file(undelivered: Path) -> None:
    stop, release, is_read = threading.Event(), threading.Event(), threading.Event()

    def source() -> Iterator[OutgoingRecord]:
        yield from records(30)
        is_read.set()

    def hang(data: list[bytes]) -> Sequence[str | None]:
        assert is_read.wait(60)
        stop.set()
        release.wait()
        return accept(data)

    kinesis = FakeKinesis(hang)
    report = run(source(), kinesis, undelivered, stop=stop, drain_deadline=0.05, max_records=10)
    release.set()

    assert report.interrupted
    assert (report.read, report.sent, report.failed) == (30, 0, 30)
    assert sorted(lines(undelivered)) == sorted(data_of(records(30)))


def test_an_interrupt_in_the_callers_thread_loses_nothing(undelivered: Path) -> None:
    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(records(30), FakeKinesis(refuse), undelivered, on_progress=interrupt)

    assert sorted(lines(undelivered)) == sorted(data_of(records(30)))


def test_an_interrupt_loses_no_record_that_waits_for_room(undelivered: Path) -> None:
    given: list[bytes] = []

    def source() -> Iterator[OutgoingRecord]:
        for record in records(30):
            given.append(record.data)
            yield record

    def interrupt(progress: Progress) -> None:
        if progress.read < len(given):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(
            source(),
            FakeKinesis(refuse),
            undelivered,
            max_records=1,
            calls_in_flight=1,
            on_progress=interrupt,
        )

    assert len(given) < 30
    assert sorted(lines(undelivered)) == sorted(given)


def test_a_file_that_cannot_be_written_is_found_before_anything_is_read(tmp_path: Path) -> None:
    source = iter(records(3))
    kinesis = FakeKinesis()

    with pytest.raises(UndeliveredError, match="Name a file in a writable folder"):
        run(source, kinesis, tmp_path / "missing" / "undelivered.ndjson")

    assert len(list(source)) == 3


def test_a_name_no_stream_can_have_is_found_before_anything_is_read(undelivered: Path) -> None:
    with pytest.raises(SettingsError):
        produce([], client=FakeKinesis().client, stream="a b", undelivered=undelivered)


def test_a_file_that_cannot_be_written_later_says_how_many_are_at_stake(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()

    def refuse_and_break(data: list[bytes]) -> Sequence[str | None]:
        shutil.rmtree(folder, ignore_errors=True)
        return refuse(data)

    kinesis = FakeKinesis(refuse_and_break)
    with pytest.raises(
        UndeliveredError, match="7 records were neither delivered nor saved"
    ) as caught:
        run(
            records(7),
            kinesis,
            folder / "undelivered.ndjson",
            give_up_after=0.0,
            file_deadline=0.0,
        )

    report = caught.value.report
    assert report is not None
    assert (report.read, report.sent, report.failed, report.unwritten) == (7, 0, 7, 7)
    assert report.undelivered is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_named_as_the_reason(undelivered: Path) -> None:
    undelivered.symlink_to("/dev/full")

    with pytest.raises(UndeliveredError, match="No space left on device"):
        run(records(7), FakeKinesis(refuse), undelivered, give_up_after=0.0, file_deadline=0.0)


def test_undelivered_records_can_be_sent_again(undelivered: Path) -> None:
    outgoing = records(10)
    run(outgoing, FakeKinesis(refuse), undelivered, give_up_after=0.0)
    bad = outgoing[4].data
    kinesis = FakeKinesis(lambda data: [THROTTLED if item == bad else None for item in data])

    sibling = undelivered_path(undelivered, sources=[undelivered])
    report = run(file_source(undelivered), kinesis, sibling, give_up_after=0.0)

    assert kinesis.stored == Counter(data_of(outgoing)) - Counter([bad])
    assert report.undelivered == sibling
    assert lines(sibling) == [bad]
    assert sorted(lines(undelivered)) == sorted(data_of(outgoing))


def test_records_that_are_kept_nowhere_are_given_again_by_the_next_run(tmp_path: Path) -> None:
    def going_on() -> FakesGoingOn:
        return FakesGoingOn(tmp_path / "position", EVENTS, stack="a")

    refusals = itertools.chain([None, None], itertools.repeat("ExpiredTokenException"))

    def two_calls(data: list[bytes]) -> Sequence[str | None]:
        if code := next(refusals):
            raise call_failure(code)
        return accept(data)

    first = FakeKinesis(two_calls)
    with pytest.raises(DeliveryError) as caught:
        run(going_on(), first, None, max_records=10, calls_in_flight=1)
    report = caught.value.report
    assert report is not None
    assert report.dropped == report.failed > 0

    next_one = next(iter(going_on()))

    given = [record.data for record in itertools.islice(fake_source(seed=0, count=None), 1000)]
    assert first.stored == Counter(given[: report.sent])
    assert next_one.data == given[report.sent]
