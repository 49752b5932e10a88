"""tweetpipe produce: tweets from a source onto the stream."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskID

import producer
from fake_tweets import Shape
from producer import OutgoingRecord, Progress, Report, Settings
from tweetpipe import terminal
from tweetpipe.commands.options import DEFAULT_STACK, StackOption, TargetOption, open_stack
from tweetpipe.errors import TweetpipeError, WrongUsage
from tweetpipe.place import Place, Target
from tweetpipe.stack import Stack

UNDELIVERED = Path("undelivered.ndjson")
INTERRUPTED = 130

_COUNT = 1000
_PLAIN_LINE_EVERY = 5.0  # seconds, where output is no terminal


class Source(StrEnum):
    """Where tweets come from."""

    FAKE = "fake"
    FILE = "file"


def produce(
    source: Annotated[Source, typer.Option(help="Where tweets come from.")] = Source.FAKE,
    file: Annotated[
        str | None, typer.Option(help="NDJSON to send, one tweet a line; - reads standard input.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=0, show_default=f"{_COUNT}", help="How many fake tweets.")
    ] = None,
    forever: Annotated[bool, typer.Option("--forever", help="Until interrupted.")] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, show_default="0", help="Which fake tweets.")
    ] = None,
    shape: Annotated[
        Shape | None, typer.Option(show_default="mixed", help="Shape of the fake tweets.")
    ] = None,
    malformed: Annotated[
        float | None,
        typer.Option(min=0, max=1, show_default="0", help="Share of malformed ones, in addition."),
    ] = None,
    duplicates: Annotated[
        float | None,
        typer.Option(min=0, max=1, show_default="0", help="Share of repeated ones, in addition."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, show_default="unlimited", help="Records a second.")
    ] = None,
    undelivered: Annotated[
        Path, typer.Option(help="What can't be delivered is appended here, to be sent again.")
    ] = UNDELIVERED,
    own_credentials: Annotated[
        bool,
        typer.Option(
            "--own-credentials",
            help="Sign with your own AWS credentials, not those of the stack's producer.",
        ),
    ] = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
) -> None:
    """Send tweets to the stack's stream; ends with exit code 1 when any could not be delivered."""
    fake_only = {
        "--count": count,
        "--forever": forever or None,
        "--seed": seed,
        "--shape": shape,
        "--malformed": malformed,
        "--duplicates": duplicates,
    }
    total: int | None = None
    if source is Source.FILE:
        _refuse(fake_only, "goes with --source fake")
        if file is None:
            raise WrongUsage("--source file needs --file tweets.ndjson, or --file - for stdin.")
        undelivered = producer.undelivered_path(undelivered, source=file)
        records: Iterable[OutgoingRecord] = producer.file_source(file)
    else:
        _refuse({"--file": file}, "goes with --source file")
        if forever and count is not None:
            raise WrongUsage("--count and --forever exclude each other.")
        total = None if forever else _COUNT if count is None else count
        records = producer.fake_source(
            seed=seed or 0,
            count=total,
            shape=shape or "mixed",
            malformed=malformed or 0.0,
            duplicates=duplicates or 0.0,
        )
    place, deployed = open_stack(target, stack_name)
    report = deliver(
        place,
        deployed,
        records,
        total=total,
        rate=rate,
        undelivered=undelivered,
        own_credentials=own_credentials,
    )
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)


def deliver(
    place: Place,
    deployed: Stack,
    records: Iterable[OutgoingRecord],
    *,
    total: int | None,
    rate: float | None = None,
    undelivered: Path = UNDELIVERED,
    own_credentials: bool = False,
) -> Report:
    """Sends the records with a progress bar; raises TweetpipeError when any was not delivered."""
    settings = Settings(rate=rate)
    signer = place if own_credentials else _as_producer(place, deployed)
    client = signer.kinesis(producer.kinesis_client_config(settings))
    with _stop_on_signals() as stop, _progress_shown(total) as on_progress:
        report = producer.produce(
            records,
            client=client,
            stream=deployed.outputs["KinesisStream"],
            undelivered=undelivered,
            settings=settings,
            stop=stop,
            on_progress=on_progress,
        )
    terminal.say(_summary(report))
    if report.failed:
        errors = ", ".join(f"{code} ({n:,} times)" for code, n in report.errors.items())
        raise TweetpipeError(
            f"{report.failed:,} records could not be delivered: {errors or 'stopped before'}. "
            f"They are in {report.undelivered}; send them again with: "
            f"tweetpipe produce --source file --file {report.undelivered}"
        )
    return report


def _refuse(options: Mapping[str, object], why: str) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise WrongUsage(f"{given[0]} {why}.")


def _as_producer(place: Place, deployed: Stack) -> Place:
    secret = place.secretsmanager().get_secret_value(SecretId=deployed.outputs["ClientSecretArn"])
    return place.signed_by(
        access_key_id=deployed.outputs["AccessKeyId"], secret_access_key=secret["SecretString"]
    )


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """The first SIGINT or SIGTERM asks to stop; a second one ends the process at once."""
    stop = threading.Event()

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress_shown(total: int | None) -> Iterator[Callable[[Progress], None]]:
    columns = "{task.fields[rate]:>7,.0f}/s  sent {task.fields[sent]:,}  "
    columns += "retried {task.fields[retried]:,}  failed {task.fields[failed]:,}"
    with terminal.bar(columns) as bar:
        task: TaskID = bar.add_task("Producing", total=total, rate=0.0, sent=0, retried=0, failed=0)
        next_line = _PLAIN_LINE_EVERY

        def show(progress: Progress) -> None:
            nonlocal next_line
            rate = progress.sent / progress.elapsed if progress.elapsed else 0.0
            bar.update(
                task,
                completed=progress.sent + progress.failed,
                rate=rate,
                sent=progress.sent,
                retried=progress.retried,
                failed=progress.failed,
            )
            if bar.disable and progress.elapsed >= next_line:
                next_line = progress.elapsed + _PLAIN_LINE_EVERY
                terminal.say(_summary(progress))

        yield show


def _summary(progress: Progress) -> str:
    rate = progress.sent / progress.elapsed if progress.elapsed else 0.0
    return (
        f"Read {progress.read:,}, sent {progress.sent:,} ({rate:,.0f}/s), "
        f"retried {progress.retried:,}, failed {progress.failed:,}"
    )
