"""Runs that end in any way, and the runs that go on after them."""

from __future__ import annotations

import itertools
import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer import (
    DeliveryError,
    PositionError,
    Report,
    ResumableFile,
    Settings,
    SourceError,
    UndeliveredError,
    file_source,
)
from producer.backlog import Backlog
from producer.sending.answer import Answer
from producer.sending.outbox import Call, Outbox
from tests.examples import examples
from tests.unit.producer.doubles import (
    THROTTLED,
    FakeKinesis,
    accept,
    call_failure,
    lines,
    position_of,
    records,
    refuse,
    run,
)
from tests.waiting import wait_for

STREAM = "tweets"


def write(tweets: Path, count: int) -> list[bytes]:
    """A file of so many tweets, no two alike, with blank lines between them."""
    data = [record.data for record in records(count)]
    tweets.write_bytes(b"".join(b"%s%s\n" % (b"\n" * (n % 3), line) for n, line in enumerate(data)))
    return data


def resume(tweets: Path, kinesis: FakeKinesis, undelivered: Path, **options: object) -> Report:
    return run(ResumableFile(tweets, stream=STREAM), kinesis, undelivered, **options)


class Watched(ResumableFile):
    """Remembers each position kept, and what was settled before it was."""

    def __init__(self, path: Path, kinesis: FakeKinesis, undelivered: Path) -> None:
        super().__init__(path, stream=STREAM)
        self.positions: list[tuple[int, bytes]] = []
        self.settled: list[Counter[bytes]] = []
        self._watched = position_of(path)
        self._kinesis = kinesis
        self._undelivered = undelivered

    def keep(self, offset: int) -> None:
        settled = Counter(self._kinesis.stored) + Counter(lines(self._undelivered))
        super().keep(offset)
        self.positions.append((offset, self._watched.read_bytes()))
        self.settled.append(settled)


def fast_clock() -> Callable[[], float]:
    """Half a second passes with each look, so that positions are kept as often as possible."""
    moments = itertools.count()
    return lambda: next(moments) * 0.5


def throttle_every_third(data: list[bytes]) -> Sequence[str | None]:
    return [None if n % 3 else THROTTLED for n in range(len(data))]


def throttle_the_first(data: list[bytes]) -> Sequence[str | None]:
    return [None if n else THROTTLED for n in range(len(data))]


def server_error(data: list[bytes]) -> Sequence[str | None]:
    raise call_failure("InternalFailure", 500)


def out_of_credentials(data: list[bytes]) -> Sequence[str | None]:
    raise call_failure("ExpiredTokenException")


FAULTS = [accept, refuse, throttle_every_third, throttle_the_first, server_error]


@given(
    count=st.integers(0, 60),
    faults=st.lists(st.sampled_from([*FAULTS, out_of_credentials]), max_size=12),
    poison=st.sets(st.integers(0, 59), max_size=3),
    patient=st.booleans(),
    stop_after=st.none() | st.integers(0, 60),
    crash=st.integers(0, 1_000),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=examples(50),
)
def test_wherever_a_run_crashes_the_next_one_sends_all_that_was_not_settled(
    tweets: Path,
    undelivered: Path,
    count: int,
    faults: list[Callable[[list[bytes]], Sequence[str | None]]],
    poison: set[int],
    patient: bool,
    stop_after: int | None,
    crash: int,
) -> None:
    for path in (undelivered, position_of(tweets)):
        path.unlink(missing_ok=True)
    data = write(tweets, count)
    content = tweets.read_bytes()
    spoilt = {line for n, line in enumerate(data) if n in poison}
    plan = iter(faults)
    stop = threading.Event()
    stopped_by = stop_after if stop_after is not None else count + 1

    def answer(data: list[bytes]) -> Sequence[str | None]:
        if kinesis.stored.total() >= stopped_by:
            stop.set()
        if spoilt & set(data):
            raise call_failure("InvalidArgumentException")
        return next(plan, accept)(data)

    kinesis = FakeKinesis(answer)
    source = Watched(tweets, kinesis, undelivered)
    with suppress(DeliveryError):
        run(
            source,
            kinesis,
            undelivered,
            stop=stop,
            clock=fast_clock(),
            max_records=7,
            calls_in_flight=3,
            give_up_after=1_000.0 if patient else 0.0,
        )

    for (offset, _), settled in zip(source.positions, source.settled, strict=True):
        assert {line for line in content[:offset].split(b"\n") if line} <= set(settled)
    # A crash leaves the position that was kept last before it.
    at = crash % len(source.positions)
    position_of(tweets).write_bytes(source.positions[at][1])
    rest = FakeKinesis()
    resume(tweets, rest, undelivered)
    assert set(data) == set(source.settled[at]) | set(rest.stored)
    assert rest.stored.total() == len(rest.stored)


class Ledger:
    """What a Backlog must answer, kept in the plainest way."""

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.read_to = 0

    @property
    def settled_to(self) -> int:
        return min(self.open, default=self.read_to)


STEPS = st.sampled_from(["add", "add", "add", "take", "settle", "set aside"])


@given(data=st.data(), steps=st.lists(STEPS, max_size=60))
@settings(deadline=None)
def test_the_offset_settled_to_is_that_of_the_first_record_in_hand(
    data: st.DataObject, steps: list[str]
) -> None:
    now = 0.0
    options = Settings(max_records=3, linger=0.0, give_up_after=3.0)
    outbox = Outbox(options, random=lambda: 0.5, now=now)
    backlog = Backlog(
        outbox,
        max_held_records=1_000,
        max_held_bytes=1_000_000,
        clock=lambda: now,
    )
    ledger = Ledger()
    taken: list[Call] = []
    outgoing = iter(records(100))
    codes = st.sampled_from([None, THROTTLED, "InternalFailure"])

    def settle(call: Call) -> None:
        """Each record has its own fate, or all spoil their call."""
        if data.draw(st.booleans()):
            backlog.reject(call, "ValidationException")
            return
        drawn = [data.draw(codes) for _ in call.batch]
        for parcel, code in zip(call.batch, drawn, strict=True):
            if code is None:
                ledger.open.remove(parcel.start)
        backlog.settle(call, Answer(drawn, ["shardId-000000000000"] * len(drawn)))

    for step in steps:
        now += data.draw(st.sampled_from([0.0, 0.1, 1.0]))
        if step == "add":
            ledger.open.add(ledger.read_to)
            ledger.read_to += data.draw(st.integers(1, 9))
            backlog.add(next(outgoing), size=10, end=ledger.read_to)
        elif step == "take" and outbox.ready_in(now, flush=False) == 0.0:
            call = backlog.take()
            assert call is not None
            taken.append(call)
        elif step == "settle" and taken:
            settle(taken.pop(data.draw(st.integers(0, len(taken) - 1))))
        elif step == "set aside" and (given_up := backlog.given_up(timeout=0.0)):
            count = data.draw(st.integers(0, len(given_up)))
            ledger.open -= {held.start for held in given_up[:count]}
            backlog.set_aside(count)
        assert backlog.settled_to() == ledger.settled_to

    left = backlog.give_up_all()
    assert {held.start for held in left} == ledger.open
    assert backlog.settled_to() == ledger.settled_to
    backlog.set_aside(len(left))
    assert backlog.settled_to() == ledger.read_to


def test_the_position_is_kept_while_the_run_goes_on(tweets: Path, undelivered: Path) -> None:
    write(tweets, 10)

    def answer_the_last_when_the_others_are_kept(data: list[bytes]) -> Sequence[str | None]:
        if b'{"n":9}' in data:
            wait_for(lambda: source.positions[-1][0] > 0, "a position")
        return accept(data)

    kinesis = FakeKinesis(answer_the_last_when_the_others_are_kept)
    source = Watched(tweets, kinesis, undelivered)
    run(source, kinesis, undelivered, clock=fast_clock(), max_records=3, calls_in_flight=1)

    assert source.positions[-1][0] == tweets.stat().st_size


def test_what_a_stopped_run_had_no_time_for_is_set_aside_and_not_sent_again(
    tweets: Path, undelivered: Path
) -> None:
    data = write(tweets, 300)
    stop = threading.Event()

    def refuse_and_stop(data: list[bytes]) -> Sequence[str | None]:
        stop.set()
        return refuse(data)

    options = {"max_records": 10, "drain_deadline": 0.0}
    resume(tweets, FakeKinesis(refuse_and_stop), undelivered, stop=stop, **options)
    rest = FakeKinesis()
    resume(tweets, rest, undelivered)

    assert lines(undelivered)
    assert rest.stored + Counter(lines(undelivered)) == Counter(data)


def test_a_run_that_ended_well_leaves_nothing_until_lines_are_appended(
    tweets: Path, undelivered: Path
) -> None:
    data = write(tweets, 1200)
    first, second, third = FakeKinesis(), FakeKinesis(), FakeKinesis()

    assert resume(tweets, first, undelivered).sent == 1200
    assert resume(tweets, second, undelivered).read == 0
    with tweets.open("ab") as file:
        file.write(b'{"new": 1}\n')
    assert resume(tweets, third, undelivered).sent == 1

    assert first.stored == Counter(data)
    assert third.stored == Counter([b'{"new": 1}'])


def test_an_interrupted_run_is_gone_on_with_and_nothing_is_sent_twice(
    tweets: Path, undelivered: Path
) -> None:
    data = write(tweets, 5_000)
    stop = threading.Event()
    first, second = FakeKinesis(), FakeKinesis()

    interrupted = resume(
        tweets,
        first,
        undelivered,
        stop=stop,
        rate=20_000.0,
        max_records=100,
        on_progress=lambda progress: stop.set() if progress.sent else None,
    )
    resume(tweets, second, undelivered)

    assert interrupted.interrupted
    assert 0 < first.stored.total() < 5_000
    assert first.stored + second.stored == Counter(data)


def test_what_could_not_be_delivered_is_in_its_file_and_not_sent_again(
    tweets: Path, undelivered: Path
) -> None:
    data = write(tweets, 50)
    second = FakeKinesis()

    resume(tweets, FakeKinesis(refuse), undelivered, give_up_after=0.0)
    resume(tweets, second, undelivered)

    assert sorted(lines(undelivered)) == sorted(data)
    assert second.calls == []


def test_a_run_that_could_not_even_set_records_aside_leaves_them_to_the_next(
    tweets: Path, undelivered: Path
) -> None:
    data = write(tweets, 50)

    def answer(data: list[bytes]) -> Sequence[str | None]:
        undelivered.mkdir(exist_ok=True)
        return [None, *refuse(data[1:])]

    kinesis = FakeKinesis(answer)
    with pytest.raises(UndeliveredError) as failure:
        resume(tweets, kinesis, undelivered, give_up_after=0.0, file_deadline=0.0)
    undelivered.rmdir()
    rest = FakeKinesis()
    resume(tweets, rest, undelivered)

    assert failure.value.report is not None
    assert failure.value.report.unwritten == 50 - kinesis.stored.total() > 0
    assert set(kinesis.stored + rest.stored) == set(data)


def test_without_a_place_for_the_position_nothing_is_sent(
    tweets: Path, undelivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tweets, 5)
    kinesis = FakeKinesis()
    position_of(tweets).mkdir()
    with pytest.raises(PositionError, match=r"cannot read .*position: Is a directory"):
        resume(tweets, kinesis, undelivered)
    position_of(tweets).rmdir()

    def refuse_writing(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse_writing)
    with pytest.raises(PositionError, match=r"cannot save .*position: Permission denied"):
        resume(tweets, kinesis, undelivered)

    assert kinesis.calls == []
    assert [path.name for path in tweets.parent.iterdir()] == [tweets.name]


def test_a_position_that_cannot_be_kept_any_more_is_told_after_everything_was_sent(
    tweets: Path, undelivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write(tweets, 50)

    def answer(data: list[bytes]) -> Sequence[str | None]:
        monkeypatch.setattr(os, "fsync", full_disk)
        return accept(data)

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    kinesis = FakeKinesis(answer)
    with pytest.raises(PositionError, match="No space left on device") as failure:
        resume(tweets, kinesis, undelivered)
    monkeypatch.undo()

    assert failure.value.report is not None
    assert failure.value.report.sent == 50
    assert kinesis.stored == Counter(data)
    again = FakeKinesis()
    resume(tweets, again, undelivered)
    assert again.stored == Counter(data)


def test_a_source_that_breaks_off_is_gone_on_with_before_the_break(
    tweets: Path, undelivered: Path
) -> None:
    data = write(tweets, 10)
    source = ResumableFile(tweets, stream=STREAM)
    first = FakeKinesis()
    content = tweets.read_bytes()
    tweets.write_bytes(content[: len(content) // 2])
    with tweets.open("ab") as file:
        file.truncate(40 * 1024 * 1024)

    with pytest.raises(SourceError, match="is longer than"):
        run(source, first, undelivered)
    tweets.write_bytes(content)
    rest = FakeKinesis()
    resume(tweets, rest, undelivered)

    assert first.stored + rest.stored == Counter(data)


def test_a_plain_file_source_keeps_no_position(tweets: Path, undelivered: Path) -> None:
    write(tweets, 10)

    run(file_source(tweets), FakeKinesis(), undelivered)

    assert [path.name for path in tweets.parent.iterdir()] == [tweets.name]
