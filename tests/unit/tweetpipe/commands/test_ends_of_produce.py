"""However a run of the producer ends, it says what became of each record that was read."""

from __future__ import annotations

import errno
import os
import re
import resource
import shlex
import signal
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import boto3
import pytest
import typer.main
from botocore.config import Config

import producer
from producer import (
    OutgoingRecord,
    Progress,
    Report,
    Settings,
    Shards,
    SourceError,
    undelivered,
)
from tests.http_server import Request
from tests.tweets import fake_source
from tests.unit.producer.doubles import (
    KinesisServer,
    Step,
    accept,
    answer_with,
    data_of,
    fail_with,
    records,
    reply_with,
    reset_connection,
    store_and_stay_silent,
)
from tweetpipe.aws.errors import Interrupted, TweetpipeError
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import ending, opening
from tweetpipe.commands import produce as produce_command
from tweetpipe.commands.app import app
from tweetpipe.commands.delivering import deliver
from tweetpipe.commands.ending import Standstill, Surplus
from tweets.fakes.x_api import FakeX, serving
from tweets.x import Credentials, XApi, XSource, synchronise

COUNT = 60
PER_CALL = 10
KEPT = Path("kept here.ndjson")
SETTINGS = Settings(
    max_records=PER_CALL,
    calls_in_flight=1,
    linger=0.01,
    give_up_after=0.0,
    drain_deadline=0.0,
    file_deadline=0.0,
)

Opening = Callable[[Path], Iterable[OutgoingRecord]]
Case = tuple[str, Opening]


def html(status: int) -> Step:
    return reply_with(status, b"<html><title>x</title><b>Blocked</b> by the office</html>")


def by_ctrl_c(kinesis: KinesisServer, request: Request, data: list[bytes]) -> None:
    kinesis.script.clear()
    os.kill(os.getpid(), signal.SIGINT)
    answer_with(accept)(kinesis, request, data)


# What happens from the third call on, and what has to be said of it.
ENDS: dict[str, tuple[Step, str]] = {
    "token": (fail_with(400, "ExpiredTokenException"), "renew the credentials"),
    "denied": (fail_with(400, "AccessDeniedException"), "kinesis:PutRecords"),
    "no stream": (fail_with(400, "ResourceNotFoundException"), "deploy the stack first"),
    "KMS": (fail_with(400, "KMSAccessDeniedException"), "kms:GenerateDataKey"),
    "clock": (fail_with(403, "InvalidSignatureException"), "this computer's clock"),
    "blocked": (html(403), 'not Kinesis, but perhaps a proxy: it answered 403 and "x Blocked by'),
    "proxy": (html(407), 'answered 407 and "x Blocked by the office"'),
    "throttled": (fail_with(400, "ThrottlingException"), "ThrottlingException ("),
    "bad gateway": (html(502), "502 ("),
    "reset": (reset_connection, "ConnectionClosedError ("),
    "too large": (fail_with(413, "413"), "Kinesis rejects it as invalid (413)"),
    "Ctrl-C": (by_ctrl_c, ""),
}


def of_fake(_: Path) -> Iterable[OutgoingRecord]:
    return fake_source(seed=0, count=COUNT)


def of_file(folder: Path) -> Iterable[OutgoingRecord]:
    return producer.file_source(_written(folder))


def of_stdin(folder: Path) -> Iterable[OutgoingRecord]:
    with _written(folder).open("rb") as file:
        os.dup2(file.fileno(), 0)
    return producer.file_source(producer.STDIN)


def of_resumable_file(folder: Path) -> Iterable[OutgoingRecord]:
    return producer.ResumableFile(_written(folder), stream="tweets")


def of_x(_: Path) -> Iterable[OutgoingRecord]:
    with serving(FakeX(rate=10_000.0, heartbeat=0.2)) as served:
        api = XApi(Credentials(bearer_token=FakeX().credentials.bearer_token), url=served.url)
        rules = synchronise(api, ["RT OR is OR a OR the"])
        yield from XSource(api, rules, max_posts=COUNT)


SOURCES = [of_fake, of_file, of_stdin, of_resumable_file, of_x]


def _written(folder: Path) -> Path:
    path = folder / "tweets.ndjson"
    path.write_bytes(b"".join(record.data + b"\n" for record in records(COUNT)))
    return path


@pytest.fixture
def _stdin_again() -> Iterator[None]:
    kept = os.dup(0)
    yield
    os.dup2(kept, 0)
    os.close(kept)


@dataclass(frozen=True, kw_only=True)
class End:
    """What a run said in all, and the records that it wrote to the file."""

    said: str
    kept: Counter[bytes]
    error: BaseException | None

    def number(self, name: str) -> int:
        # A run that takes long says before its end how far it is.
        summary = self.said[max(0, self.said.rfind("Read ")) :]
        found = re.search(rf"\b{name} ([\d,]+)", summary, re.IGNORECASE)
        assert found, self.said
        return int(found[1].replace(",", ""))


def stack_named(name: str) -> Stack:
    return Stack(
        name=name,
        id="id",
        status="CREATE_COMPLETE",
        reason="",
        parameters={},
        outputs={"KinesisStream": "tweets"},
    )


@cache
def _session() -> boto3.Session:
    return boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )


def end_of(
    source: Iterable[OutgoingRecord],
    kinesis: KinesisServer,
    capsys: pytest.CaptureFixture[str],
    *,
    target: Target = Target.LOCAL,
    name: str = "tweets",
    keep: bool = True,
    settings: Settings = SETTINGS,
    remark: Callable[[], str] = str,
) -> End:
    place = Place(target=target, session=_session(), endpoint=kinesis.url, region="us-east-1")
    stack = stack_named(name)
    caught: BaseException | None = None
    try:
        deliver(
            place,
            stack,
            source,
            total=None,
            settings=settings,
            undelivered=KEPT if keep else None,
            own_credentials=True,
            remark=remark,
        )
    except TweetpipeError as error:
        caught = error
    if isinstance(source, Generator):
        source.close()  # not some day in another thread, which may be one that it waits for
    said = capsys.readouterr().err + str(caught or "")
    lines = KEPT.read_bytes().splitlines() if KEPT.exists() else []
    return End(said=said, kept=Counter(lines), error=caught)


EVERY_SOURCE: list[Case] = [(end, source) for end in ("token", "Ctrl-C") for source in SOURCES]
EVERY_END: list[Case] = [(end, of_file) for end in ENDS if (end, of_file) not in EVERY_SOURCE]


@pytest.mark.heavy
@pytest.mark.usefixtures("_stdin_again")
@pytest.mark.parametrize(("end", "source"), EVERY_SOURCE + EVERY_END)
def test_every_end_says_read_sent_failed_and_where_the_rest_is(
    end: str,
    source: Opening,
    kinesis: KinesisServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    step, words = ENDS[end]
    kinesis.script = [answer_with(accept)] * 2 + [step] * (2 * COUNT)

    run = end_of(source(tmp_path), kinesis, capsys)

    assert words in run.said
    read, sent = balanced(run, kinesis)
    assert sent < read or end == "Ctrl-C"


def test_a_source_that_breaks_off_says_so_too(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def source() -> Iterator[OutgoingRecord]:
        yield from records(COUNT)
        raise SourceError("X refuses (401): Unauthorized")

    run = end_of(source(), kinesis, capsys)

    assert "X refuses (401)" in run.said
    assert balanced(run, kinesis) == (COUNT, COUNT)


def test_all_that_went_wrong_is_said_when_several_things_did(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def source() -> Iterator[OutgoingRecord]:
        yield from records(PER_CALL)
        raise SourceError("the file was cut short")

    kinesis.script = [fail_with(400, "ExpiredTokenException")] * 10

    run = end_of(source(), kinesis, capsys)

    assert "renew the credentials. the file was cut short" in run.said
    assert balanced(run, kinesis) == (PER_CALL, 0)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (signal.SIGINT, signal.SIGINT),
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGHUP, signal.SIGHUP),
        (signal.SIGTERM, signal.SIGINT),
        (signal.SIGINT, signal.SIGHUP),
    ],
)
def test_further_signals_cost_neither_what_is_in_hand_nor_what_is_said_of_it(
    first: int,
    then: int,
    kinesis: KinesisServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    signals: list[int],
) -> None:
    def signal_and_stay_silent(kinesis: KinesisServer, request: Request, data: list[bytes]) -> None:
        os.kill(os.getpid(), first)
        store_and_stay_silent(kinesis, request, data)

    def signaled(work: Callable[..., Any]) -> Callable[..., Any]:
        def signal_and_work(*arguments: Any, **named: Any) -> Any:
            os.kill(os.getpid(), then)
            return work(*arguments, **named)

        return signal_and_work

    kinesis.script = [answer_with(accept), signal_and_stay_silent]
    monkeypatch.setattr(undelivered, "append", signaled(undelivered.append))
    monkeypatch.setattr(ending, "counts", signaled(ending.counts))
    monkeypatch.setattr(ending, "undelivered", signaled(ending.undelivered))

    run = end_of(records(COUNT), kinesis, capsys)

    os.kill(os.getpid(), then)  # as while the command says how it ended
    assert isinstance(run.error, Interrupted)
    read, sent = balanced(run, kinesis)
    assert read > sent > 0
    assert signals == []


@pytest.fixture(autouse=True)
def signals() -> Iterator[list[int]]:
    """Signals that nothing else handled; some of them would end the tests."""
    numbers: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: numbers.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_terminal_that_is_closed_stops_it_and_loses_nothing(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str], signals: list[int]
) -> None:
    def hang_up_and_stay_silent(
        kinesis: KinesisServer, request: Request, data: list[bytes]
    ) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        store_and_stay_silent(kinesis, request, data)

    kinesis.script = [answer_with(accept), hang_up_and_stay_silent]

    run = end_of(records(COUNT), kinesis, capsys)

    read, sent = balanced(run, kinesis)
    assert read > sent > 0
    assert signals == []


def test_under_nohup_it_goes_on(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str], signals: list[int]
) -> None:
    def hang_up(kinesis: KinesisServer, request: Request, data: list[bytes]) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        answer_with(accept)(kinesis, request, data)

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    kinesis.script = [answer_with(accept), hang_up]

    run = end_of(records(COUNT), kinesis, capsys)

    assert balanced(run, kinesis) == (COUNT, COUNT)
    assert signals == []


def balanced(run: End, kinesis: KinesisServer) -> tuple[int, int]:
    """What was read and sent, after a look at the books and at where the rest is said to be."""
    read, sent, failed = (run.number(name) for name in ("read", "sent", "failed"))
    assert read == sent + failed
    assert sent <= kinesis.stored.total()
    assert failed == run.kept.total()
    command = re.search(r"run:\n  (tweetpipe produce .*)", run.said)
    never = re.search(r"([\d,]+) records? can't be sent", run.said)
    assert bool(command) == (failed > (int(never[1]) if never else 0)), run.said
    if command:
        assert shlex.split(command[1])[2:4] == ["file", str(KEPT)]
    return read, sent


@contextmanager
def no_file_may_grow_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_on_a_full_disk_exactly_what_is_not_kept_is_said_to_be_lost(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    kinesis.script = [fail_with(400, "ThrottlingException")] * 10
    sizes = [len(record.data) + 1 for record in records(COUNT)]

    with no_file_may_grow_beyond(sum(sizes[:25]) + 3):
        run = end_of(records(COUNT), kinesis, capsys)

    kept = data_of(records(25))
    assert run.kept == Counter(kept)
    assert run.number("read") == run.number("failed") > 25
    assert f"{run.number('read') - 25:,} records were neither delivered nor saved" in run.said
    assert f"25 of them are in {KEPT}. To send them again, run:\n  tweetpipe" in run.said


def test_a_write_that_fails_once_loses_nothing_and_ends_nothing(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    append, failures = undelivered.append, iter([OSError(errno.ENOSPC, "full")])
    is_kept = threading.Event()

    def full_once(path: Path, lines: list[bytes]) -> int:
        if failure := next(failures, None):
            raise failure
        kept = append(path, lines)
        is_kept.set()
        return kept

    def source() -> Iterator[OutgoingRecord]:
        yield from records(PER_CALL)
        assert is_kept.wait(60)
        yield from records(COUNT - PER_CALL, start=PER_CALL)

    monkeypatch.setattr(undelivered, "append", full_once)
    kinesis.script = [fail_with(400, "ThrottlingException")]

    run = end_of(source(), kinesis, capsys, settings=replace(SETTINGS, file_deadline=60.0))

    assert balanced(run, kinesis) == (COUNT, COUNT - PER_CALL)
    assert run.kept == Counter(data_of(records(PER_CALL)))
    assert "full" not in run.said


def test_a_write_that_fails_once_at_the_end_is_tried_again(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, failures = os.fsync, iter([OSError(errno.EIO, "Input/output error")])

    def broken_once(descriptor: int) -> None:
        if failure := next(failures, None):
            raise failure
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", broken_once)
    kinesis.script = [fail_with(400, "ExpiredTokenException")]

    run = end_of(records(PER_CALL), kinesis, capsys)

    assert balanced(run, kinesis) == (PER_CALL, 0)
    assert "renew the credentials. 10 records could not be delivered. They are in" in run.said


def test_a_call_without_an_answer_is_not_said_to_have_failed(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = producer.kinesis_client_config(SETTINGS).merge(Config(read_timeout=0.2))
    monkeypatch.setattr(producer, "kinesis_client_config", lambda _: impatient)
    kinesis.script = [store_and_stay_silent]

    run = end_of(records(PER_CALL), kinesis, capsys)

    assert (
        "10 records were not acknowledged, and may have arrived: ReadTimeoutError (10 times)"
        in run.said
    )
    assert "(records that arrive twice are stored once)" in run.said
    assert balanced(run, kinesis) == (PER_CALL, 0)


def test_a_stream_that_is_gone_leads_to_the_state_of_its_stack(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    kinesis.script = [fail_with(400, "ResourceNotFoundException")] * 10

    run = end_of(records(PER_CALL), kinesis, capsys, name="mine")

    assert (
        ". To see what is left of the stack, run:\n  tweetpipe status --stack mine\n"
        "10 records could not be delivered"
    ) in run.said
    assert balanced(run, kinesis) == (PER_CALL, 0)


def test_the_command_names_the_stack_and_the_target_that_the_records_are_for(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    kinesis.script = [fail_with(400, "ExpiredTokenException")]

    run = end_of(records(PER_CALL), kinesis, capsys, target=Target.AWS, name="mine")

    assert run.said.endswith(
        "run:\n  tweetpipe produce file 'kept here.ndjson' "
        "--stack mine --target aws --own-credentials"
    )


@pytest.mark.parametrize("name", ["-", "-x.ndjson", "--resume"])
def test_the_command_names_a_file_that_looks_like_an_option(name: str) -> None:
    command = ending.resend_command(
        Path(name), Mock(target=Target.LOCAL), stack_named("tweets"), own_credentials=False
    )

    assert command == f"tweetpipe produce file ./{name}"


def test_fake_tweets_without_end_are_not_kept_and_are_counted(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    kinesis.script = [fail_with(400, "ExpiredTokenException")] * 10

    run = end_of(fake_source(seed=0, count=None), kinesis, capsys, keep=False)

    assert not KEPT.exists()
    assert run.number("read") == run.number("failed") > 0
    assert "They are not kept: fake events can be generated again" in run.said


class Live:
    """Posts that come whether or not there is room for them."""

    def __iter__(self) -> Iterator[OutgoingRecord]:
        yield from records(COUNT)

    def finish(self) -> None:
        """It ends by itself."""


def test_a_live_source_fills_the_file_to_its_limit_and_says_what_it_dropped(
    kinesis: KinesisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    kinesis.script = [fail_with(400, "ThrottlingException")] * 100
    KEPT.write_bytes(b"of an earlier run\n")

    run = end_of(Live(), kinesis, capsys, settings=replace(SETTINGS, max_undelivered=200))

    kept = run.kept.total() - 1
    assert 200 - 10 < KEPT.stat().st_size <= 200
    assert run.number("read") == run.number("failed") == COUNT
    assert f"{KEPT} has reached its limit of 0 MB" in run.said
    assert f"{COUNT - kept} of them are not kept" in run.said
    assert f"{kept} of them are in {KEPT}. To send them again, run:\n" in run.said


def progress_of(**fields: Any) -> Progress:
    counts = dict.fromkeys(("read", "sent", "retried", "failed", "dropped", "unanswered"), 0)
    return Progress(**{**counts, "bytes_sent": 90, "elapsed": 3.0, "errors": {}, **fields})


def shards(wanted: int | None = None, *, rate: float = 480.0) -> Shards:
    return Shards(known=1, full=1, records_rate=rate, bytes_rate=1e6, wanted=wanted)


ONE_FULL = "limited by the stream: 1 of 1 shards full, "


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "failed 0; remark"),
        ({"endpoint_rate": 80.4}, "failed 0; the endpoint accepts 80 records/s; remark"),
        ({"shards": shards()}, f"{ONE_FULL}480 records/s; 4 shards would take 1,900; remark"),
        ({"shards": shards(3)}, f"{ONE_FULL}480 records/s; 3 shards would take 1,400; remark"),
        ({"shards": shards(rate=1.26)}, f"{ONE_FULL}1.3 records/s; 4 shards would take 5; remark"),
    ],
)
def test_what_limits_the_run_is_named_with_its_rate(fields: dict[str, Any], said: str) -> None:
    assert ending.counts(progress_of(**fields), "remark").endswith(said)


@pytest.mark.parametrize(
    ("target", "mode", "said"),
    [
        (
            Target.LOCAL,
            "PROVISIONED",
            "It needs 3 shards. In another terminal, run:\n"
            "  tweetpipe deploy --stack mine -p ShardCount=3",
        ),
        (
            Target.AWS,
            "PROVISIONED",
            "It needs 3 shards. In another terminal, run:\n"
            "  tweetpipe deploy --stack mine --target aws -p ShardCount=3",
        ),
        (Target.AWS, "ON_DEMAND", "The stream is ON_DEMAND and scales up within minutes"),
    ],
)
def test_a_live_source_says_at_once_what_would_take_all_that_comes(
    target: Target, mode: str, said: str
) -> None:
    place = Mock(spec=Place, target=target, is_local=target is Target.LOCAL)
    surplus = Surplus(place, replace(stack_named("mine"), parameters={"StreamMode": mode}))
    more = [None, shards(), shards(3), shards(3), None, shards(2), shards(5), shards(5)]

    told = [surplus.words(progress_of(shards=full)) for full in more]

    assert told[2] == f"Records arrive faster than the stream accepts them (480/s). {said}"
    # Again only when even that would not do.
    assert [bool(words) for words in told] == [False, False, True, False, False, False, True, False]


def test_a_standstill_is_told_with_its_reason_and_again_each_minute() -> None:
    standstill = Standstill()
    told: list[tuple[int, str]] = []

    for second in range(200):
        # Delivered for 30 s, then refused twice a second for 100 s, then delivered again.
        is_down = 30 <= second < 130
        progress = progress_of(
            read=1000,
            sent=30 if is_down else second,
            elapsed=float(second),
            errors={"Throttled": 3, "ConnectionClosedError": 2 * max(0, min(second, 129) - 29)},
        )
        if words := standstill.words(progress):
            told.append((second, words))

    assert told == [
        (
            40,
            "Nothing has been delivered for 10 s: ConnectionClosedError (20 times). Retrying",
        ),
        (
            100,
            "Nothing has been delivered for 70 s: ConnectionClosedError (140 times). Retrying",
        ),
    ]


@pytest.mark.parametrize(
    ("line", "kept", "waits"),
    [
        ("fake --forever", False, True),
        ("fake --count 5", True, False),
        ("file tweets.ndjson", True, False),
        ("--forever", False, True),
        ("--source file --file tweets.ndjson", True, False),
    ],
)
def test_only_fake_tweets_without_end_are_not_kept_and_wait(
    line: str,
    kept: bool,
    waits: bool,
    kinesis: KinesisServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _written(tmp_path)
    monkeypatch.chdir(tmp_path)
    given: dict[str, Any] = {}

    def note(_: Place, __: Stack, source: Iterable[OutgoingRecord], **settings: Any) -> Report:
        next(iter(source))
        given.update(settings)
        return cast(Report, Mock(spec=Report, interrupted=False))

    monkeypatch.setattr(produce_command, "open_stack", lambda *_: (Mock(), stack_named("tweets")))
    monkeypatch.setattr(produce_command, "deliver", note)

    typer.main.get_command(app).main(["produce", *line.split()], standalone_mode=False)

    assert (given["undelivered"] is not None) is kept
    assert (given["settings"].give_up_after > 365 * 24 * 3600) is waits


@pytest.mark.parametrize(
    ("exhausted", "unwritten", "is_said"), [(True, 0, False), (False, 0, True), (True, 3, True)]
)
def test_how_to_send_what_is_neither_sent_nor_kept_is_said(
    exhausted: bool, unwritten: int, is_said: bool, tmp_path: Path
) -> None:
    report = Mock(spec=Report, exhausted=exhausted, unwritten=unwritten)
    path = str(_written(tmp_path))
    fake = opening.open_fake(seed=0, count=5, shape="mixed", malformed=0.0, duplicates=0.0)
    file = opening.open_files([path], again=str)
    assert len([*file.records]) == COUNT

    for opened, words in ((fake, "the same command again"), (file, f"send all of {path} again")):
        assert (words in opened.last_words(report)) is is_said
