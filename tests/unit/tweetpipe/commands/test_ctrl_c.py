"""Ctrl-C ends every command within two seconds, with exit code 130, whatever it waits for.

So do SIGTERM and SIGHUP, with exit codes of their own.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
import typer.main
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.crt.auth import CrtSigV4Auth

import producer
import tweetpipe
from localstack_embedded import Instance
from localstack_embedded.emulator import LOCK_FILE
from localstack_embedded.lock import held
from producer import Settings
from tests.sensors import written
from tests.unit.tweetpipe.commands.endpoint import (
    KNOWS_THE_STACK,
    OUTPUTS,
    UNANSWERED,
    Endpoint,
    stack_in,
    xml,
)
from tests.unit.tweetpipe.commands.forked import running
from tests.unit.tweetpipe.stubs import complete_stack
from tests.waiting import wait_for
from tweetpipe import events
from tweetpipe.aws import place
from tweetpipe.aws.place import local_place
from tweetpipe.commands import interrupt
from tweetpipe.commands.app import app
from tweetpipe.commands.main import main
from tweetpipe.live import reads
from tweets.x import api

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Two seconds, and what a busy machine takes beside. Without the signal, it is what a call may take.
WITHIN = 60.0
UNHEARD = 600.0
# For what it has to say, which a busy machine would say too late.
PATIENT = 20.0

HANGS: Mapping[str, str] = {}
SECRET = KNOWS_THE_STACK | {"GetSecretValue": '{"SecretString": "secret"}'}
PLANS_FOR_EVER = KNOWS_THE_STACK | {
    "CreateChangeSet": xml("CreateChangeSet", "<Id>arn:plan</Id><StackId>arn:stack</StackId>"),
    "DescribeChangeSet": xml("DescribeChangeSet", "<Status>CREATE_IN_PROGRESS</Status>"),
}
DELETES_FOR_EVER = {
    "DescribeStacks": stack_in("DELETE_IN_PROGRESS"),
    "DescribeStackEvents": xml("DescribeStackEvents", "<StackEvents></StackEvents>"),
    "DeleteStack": xml("DeleteStack", ""),
    "ListStacks": xml("ListStacks", "<StackSummaries></StackSummaries>"),
}
NOTHING_ARRIVES = KNOWS_THE_STACK | {
    "Scan": '{"Items": [], "Count": 0}',
    "FilterLogEvents": '{"events": []}',
}
HAS_A_POST = KNOWS_THE_STACK | {
    "Scan": '{"Items": [{"Username": {"S": "u"}, "Id": {"S": "1"}}], "Count": 1}',
    "ReceiveMessage": "{}",
}
HAS_LETTERS = KNOWS_THE_STACK | {
    "GetQueueAttributes": '{"Attributes": {"ApproximateNumberOfMessages": "1", '
    '"ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0"}}',
    "ReceiveMessage": '{"Messages": [{"MessageId": "m", "ReceiptHandle": "h", "Body": "{}", '
    '"Attributes": {"SentTimestamp": "1"}}]}',
}
KINESIS_IS_FULL = SECRET | {
    "PutRecords": '{"FailedRecordCount": 1, "Records": '
    '[{"ErrorCode": "ProvisionedThroughputExceededException"}]}',
}

# The command, what the endpoint answers, and the call, or the word said, at which Ctrl-C comes.
CASES: list[tuple[str, Mapping[str, str], str]] = [
    ("status", HANGS, UNANSWERED),
    ("status", KNOWS_THE_STACK, UNANSWERED),
    ("deploy", HANGS, UNANSWERED),
    ("deploy", KNOWS_THE_STACK, UNANSWERED),
    ("deploy", PLANS_FOR_EVER, "DescribeChangeSet"),
    ("destroy --yes", HANGS, UNANSWERED),
    ("destroy --yes", DELETES_FOR_EVER, "DescribeStackEvents"),
    ("produce", HANGS, UNANSWERED),
    ("produce", KNOWS_THE_STACK, UNANSWERED),
    ("produce fake --count 20000", SECRET, UNANSWERED),
    ("produce --forever", KINESIS_IS_FULL, "PutRecords"),
    ("produce file -", SECRET, "GetSecretValue"),
    ("produce twitter --track yolo", KNOWS_THE_STACK, UNANSWERED),
    ("comply", HANGS, UNANSWERED),
    ("comply", KNOWS_THE_STACK, UNANSWERED),
    ("verify fake --count 5", KNOWS_THE_STACK, UNANSWERED),
    ("verify --count 5 --wait 9999", NOTHING_ARRIVES, "Scan"),
    ("verify file tweets.ndjson", HANGS, UNANSWERED),
    ("query somebody", KNOWS_THE_STACK, UNANSWERED),
    ("comply --no-job", KNOWS_THE_STACK, UNANSWERED),
    ("comply", HAS_A_POST, UNANSWERED),
    ("logs", KNOWS_THE_STACK, UNANSWERED),
    ("logs --follow", NOTHING_ARRIVES, "FilterLogEvents"),
    ("watch", HANGS, UNANSWERED),
    ("watch", KNOWS_THE_STACK, UNANSWERED),
    ("dashboard --port 0", HANGS, "dashboard"),
    ("dead-letters list", KNOWS_THE_STACK, UNANSWERED),
    ("dead-letters list", HAS_LETTERS, "ReceiveMessage"),
    ("dead-letters show m", KNOWS_THE_STACK, UNANSWERED),
    ("dead-letters redrive --all", KNOWS_THE_STACK, UNANSWERED),
    ("dead-letters redrive --all", HAS_LETTERS, "ReceiveMessage"),
    ("dead-letters purge --all --yes", HAS_LETTERS, "ReceiveMessage"),
]

LOCKED = ["up", "down", "demo"]
ASKS_NOBODY = {"new", "plan"}


@contextmanager
def _calls_take_long() -> Iterator[None]:
    """Wait for answers much longer than usual, so that nothing but a signal ends a command."""
    config, longer = producer.kinesis_client_config, Config(read_timeout=UNHEARD)
    with (
        patch.object(producer, "kinesis_client_config", lambda it: config(it).merge(longer)),
        patch.object(place, "_CONFIG", place._CONFIG.merge(longer)),
        patch.object(reads, "_IMPATIENT", reads._IMPATIENT.merge(longer)),
        patch.object(api, "_REST_TIMEOUT", UNHEARD),
    ):
        yield


def _command(line: str, url: str, home: Path) -> None:
    if url:
        os.environ |= {"AWS_ENDPOINT_URL": url, "X_API_URL": url, "bearer_token": "token"}
    with (
        _calls_take_long(),
        patch("tweetpipe.deploying.package.archive", lambda _: b""),  # takes a while
        patch("tweetpipe.commands.lifecycle.LOCALSTACK_HOME", home),
    ):
        main(line.split())


def _command_within(seconds: float, line: str, url: str, home: Path) -> None:
    """With other time to put in order what it has."""
    other = partial(interrupt.ending_in_time, within=seconds)
    with patch("tweetpipe.commands.main.ending_in_time", other):
        _command(line, url, home)


def ends(
    process: BaseProcess,
    said: Callable[[], str],
    *,
    by: Sequence[int] = (signal.SIGINT,),
    code: int = 130,
    within: float = WITHIN,
) -> None:
    """The signals now, and the end of it."""
    assert process.pid is not None
    for number in by:
        if process.is_alive():  # or a busy machine is so late that it has ended already
            os.kill(process.pid, number)
        process.join(0.3)  # so that the next one is another one, while this one is dealt with
    process.join(within)
    assert process.exitcode == code, said()
    assert "Traceback" not in said()


@pytest.mark.parametrize(("line", "answers", "at"), CASES)
def test_ctrl_c_ends_a_command_that_waits_for_an_endpoint(
    line: str, answers: Mapping[str, str], at: str, tmp_path: Path
) -> None:
    endpoint = Endpoint(answers)
    (tmp_path / "tweets.ndjson").touch()
    with (
        endpoint.serving(),
        # Where nothing answers, it takes all the time that it gets.
        running(tmp_path, _command_within, 0.3, line, endpoint.url, tmp_path) as (process, said),
    ):
        wait_for(lambda: at in (*endpoint.asked, *said().split()) or not process.is_alive(), at)
        assert process.is_alive(), said()

        ends(process, said)


@pytest.mark.parametrize(
    ("number", "line", "answers", "at", "times", "put_in_order"),
    [
        (
            signal.SIGTERM,
            "deploy",
            PLANS_FOR_EVER,
            "DescribeChangeSet",
            1,
            ("DeleteChangeSet", xml("DeleteChangeSet", "")),
        ),
        (
            signal.SIGHUP,
            "dead-letters redrive --all",
            HAS_LETTERS,
            "ReceiveMessage",
            2,  # only then is the first answer known to have been taken
            ("ChangeMessageVisibilityBatch", '{"Successful": [], "Failed": []}'),
        ),
    ],
)
def test_other_signals_end_a_command_as_well_and_it_puts_things_in_order(
    number: int,
    line: str,
    answers: Mapping[str, str],
    at: str,
    times: int,
    put_in_order: tuple[str, str],
    tmp_path: Path,
) -> None:
    answered = dict(answers)
    endpoint = Endpoint(answered)
    with (
        endpoint.serving(),
        # A busy machine may take longer than a user would wait.
        running(tmp_path, _command_within, 60.0, line, endpoint.url, tmp_path) as (process, said),
    ):
        wait_for(lambda: endpoint.asked.count(at) >= times or not process.is_alive(), at)
        assert process.is_alive(), said()

        assert process.pid is not None
        os.kill(process.pid, number)
        # Answered before, it might have ended before the signal.
        call, answered[call] = put_in_order
        ends(process, said, by=[], code=128 + number, within=120.0)

    assert call in endpoint.asked


@pytest.mark.parametrize("by", [[signal.SIGTERM] * 2, [signal.SIGHUP, signal.SIGINT]])
def test_a_second_signal_loses_nothing_of_what_is_being_sent(
    by: Sequence[int], tmp_path: Path
) -> None:
    endpoint = Endpoint(SECRET)
    line = "produce fake --count 700"
    with (
        endpoint.serving(),
        running(tmp_path, _command_within, PATIENT, line, endpoint.url, tmp_path) as (
            process,
            said,
        ),
    ):
        wait_for(lambda: "PutRecords" in endpoint.asked or not process.is_alive(), "PutRecords")

        ends(process, said, by=by)

    kept = (tmp_path / "undelivered.ndjson").read_bytes().count(b"\n")
    assert f"Read {kept}, sent 0 (0/s), retried 0, failed {kept}" in said()
    assert said().endswith("run:\n  tweetpipe produce file undelivered.ndjson\n")


@pytest.mark.parametrize("line", LOCKED)
def test_ctrl_c_ends_a_command_that_waits_for_another_one_to_finish(
    line: str, tmp_path: Path
) -> None:
    with (
        held(tmp_path / LOCK_FILE, lambda: None),
        running(tmp_path, _command, line, "", tmp_path) as (process, said),
    ):
        wait_for(lambda: "ait" in said() or not process.is_alive(), "the command to wait")

        ends(process, said)


def _demo(url: str) -> None:
    there = local_place(embedded_endpoint=url)
    instance = Instance(port=urlsplit(url).port or 0, pid=os.getpid(), version="4.9.2")
    patient = partial(interrupt.ending_in_time, within=PATIENT)
    with (
        _calls_take_long(),
        patch("tweetpipe.commands.main.ending_in_time", patient),
        patch("tweetpipe.commands.demo.start_localstack", lambda port: instance),
        patch("tweetpipe.commands.demo.local_place", lambda **_: there),
        patch("tweetpipe.commands.demo.deploy_stack", lambda *_, **__: complete_stack(**OUTPUTS)),
        patch("tweetpipe.looking.verify.expected_items", lambda seed, count: {}),
    ):
        main(["demo", "--count", "60000"])


@pytest.mark.parametrize("answers", [SECRET, KINESIS_IS_FULL], ids=["hangs", "is full"])
def test_ctrl_c_ends_the_demo_while_it_sends(answers: Mapping[str, str], tmp_path: Path) -> None:
    endpoint = Endpoint({**answers, "Scan": '{"Items": [], "Count": 0}'})
    with endpoint.serving(), running(tmp_path, _demo, endpoint.url) as (process, said):
        wait_for(lambda: "PutRecords" in endpoint.asked or not process.is_alive(), "PutRecords")
        assert process.is_alive(), said()

        ends(process, said)

    assert "undelivered.ndjson" in said()


def test_every_command_is_among_them() -> None:
    lines = [line for line, _, _ in CASES] + LOCKED
    tried = {name for name in _names() if any(f"{line} ".startswith(f"{name} ") for line in lines)}

    assert tried | ASKS_NOBODY == _names()


def _names() -> set[str]:
    names = set()
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        subcommands = getattr(command, "commands", None)
        names |= {f"{name} {each}" for each in subcommands} if subcommands else {name}
    return names


def test_what_a_command_may_still_take_is_less_than_two_seconds() -> None:
    assert max(interrupt.WITHIN, Settings().drain_deadline) <= 1.5


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Once a signal came, what it ended ignores further ones to the end of the process."""
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("seconds", "is_cut_off"), [(0.0, True), (60.0, False)])
def test_what_must_finish_is_not_cut_off_and_has_time_to_say_what_it_came_to(
    seconds: float, is_cut_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupt, "_LAST_WORDS", seconds)
    cut_off = threading.Event()
    with interrupt.ending_in_time(within=0.0, end=cut_off.set) as signals:
        with interrupt.must_finish:
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            wait_for(lambda: bool(signals), "the signal")
            # As long as the thread takes, on a busy machine, to find that it has to wait.
            assert not cut_off.wait(0.5)
        assert cut_off.wait(60 if is_cut_off else 0.1) is is_cut_off


def test_what_is_asked_to_stop_is_not_interrupted_even_afterwards() -> None:
    with interrupt.ending_in_time():
        with interrupt.asking_to_stop() as stop:
            assert not stop.is_set()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
                signal.raise_signal(number)
                assert stop.is_set()
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_not_asked_to_stop_ends_by_a_later_signal(number: int) -> None:
    with interrupt.ending_in_time():
        with interrupt.asking_to_stop():
            pass
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_the_first_of_several_signals_is_told() -> None:
    with interrupt.ending_in_time(within=60.0) as signals:
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(KeyboardInterrupt):
                signal.raise_signal(number)
    assert signals[0] == signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_events_are_imported_is_not_taken_for_a_fault_of_theirs(
    number: int, tmp_path: Path
) -> None:
    folder = written(tmp_path / "mine")
    (folder / "item.py").write_text(f"import signal\nsignal.raise_signal({int(number)})\n")
    events.choose(str(folder))
    with interrupt.ending_in_time(within=60.0) as signals, pytest.raises(KeyboardInterrupt):
        events.chosen()
    events.choose(None)
    assert signals[0] == number


def test_ctrl_c_while_the_command_line_is_imported_shows_no_traceback(tmp_path: Path) -> None:
    # Whatever else is imported, this is, and then it is as if a user had pressed Ctrl-C.
    (tmp_path / "typer.py").write_text(
        "import os, signal, threading\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Event().wait()\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(tweetpipe.__file__).parents[1])])
    ended = subprocess.run(
        [sys.executable, "-m", "tweetpipe", "status"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")


def test_a_signal_whose_exception_got_lost_is_not_forgotten() -> None:
    with interrupt.ending_in_time():
        with suppress(KeyboardInterrupt):  # as an interpreter does that runs a destructor
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), interrupt.asking_to_stop():
            pytest.fail("It would read what nobody wants any more.")


class SignalsWhenDropped:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_a_signal_in_a_destructor_ends_what_runs_after_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with interrupt.ending_in_time(within=60.0):
        SignalsWhenDropped()
        with pytest.raises(KeyboardInterrupt):
            threading.Event().wait(60.0)
    assert not capfd.readouterr().err


class SignalsWhenSigned(io.BytesIO):
    reads = 0

    def readinto1(self, buffer: WriteableBuffer) -> int:
        self.reads += 1
        if self.reads == 1:
            signal.raise_signal(signal.SIGTERM)
        return super().readinto1(buffer)


def test_a_signal_while_a_request_is_signed_ends_what_runs_after_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    signer = CrtSigV4Auth(Credentials("AKIA", "secret"), "sqs", "us-east-1")
    body = SignalsWhenSigned(b"{}")
    request = AWSRequest("POST", "http://localhost/", data=body)
    with interrupt.ending_in_time(within=60.0):
        signer.add_auth(request)
        with pytest.raises(KeyboardInterrupt):
            threading.Event().wait(60.0)
    assert not capfd.readouterr().err
    assert "Authorization" in request.headers


class HalfMade:
    """What an interrupt leaves of an object whose constructor it cuts off."""

    def __init__(self) -> None:
        signal.raise_signal(signal.SIGINT)
        self.file = None

    def __del__(self) -> None:
        assert self.file is None


def test_what_a_signal_leaves_half_made_prints_no_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with interrupt.ending_in_time(within=60.0):
        with pytest.raises(KeyboardInterrupt) as raised:
            HalfMade()
        del raised
        gc.collect()
    assert not capfd.readouterr().err


def test_under_nohup_a_terminal_that_is_closed_ends_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupt.ending_in_time():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_without_ctrl_c_nothing_ends() -> None:
    cut_off = threading.Event()
    with interrupt.ending_in_time(within=0.0, end=cut_off.set) as signals:
        pass
    assert not signals
    assert not cut_off.is_set()
