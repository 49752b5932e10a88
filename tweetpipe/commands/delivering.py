"""Delivers records with a progress bar, stops when asked to, and says what became of them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import TaskID

import producer
from producer import OutgoingRecord, Progress, Report, Settings
from tweetpipe import terminal
from tweetpipe.errors import TweetpipeError
from tweetpipe.place import Place
from tweetpipe.stack import Stack

UNDELIVERED = Path("undelivered.ndjson")

_PLAIN_LINE_EVERY = 5.0  # seconds, where output is no terminal


def deliver(
    place: Place,
    deployed: Stack,
    records: Iterable[OutgoingRecord],
    *,
    total: int | None,
    rate: float | None = None,
    aggregate: bool = False,
    undelivered: Path = UNDELIVERED,
    own_credentials: bool = False,
    remark: Callable[[], str] = str,
) -> Report:
    """Sends the records with a progress bar; raises TweetpipeError when any was not delivered.

    `remark` is what else there is to say at the moment, beside the counts.
    """
    settings = Settings(rate=rate, aggregate=aggregate)
    signer = place if own_credentials else _as_producer(place, deployed)
    client = signer.kinesis(producer.kinesis_client_config(settings))
    with _stop_on_signals() as stop, _progress_shown(total, remark) as on_progress:
        report = producer.produce(
            records,
            client=client,
            stream=deployed.outputs["KinesisStream"],
            undelivered=undelivered,
            settings=settings,
            stop=stop,
            on_progress=on_progress,
        )
    terminal.say(_summary(report, remark()))
    if report.failed:
        errors = ", ".join(f"{code} ({n:,} times)" for code, n in report.errors.items())
        raise TweetpipeError(
            f"{report.failed:,} records could not be delivered: {errors or 'stopped before'}. "
            f"They are in {report.undelivered}; send them again with: "
            f"tweetpipe produce --source file --file {report.undelivered}"
        )
    return report


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
def _progress_shown(
    total: int | None, remark: Callable[[], str]
) -> Iterator[Callable[[Progress], None]]:
    columns = "{task.fields[rate]:>7,.0f}/s  sent {task.fields[sent]:,}  "
    columns += "retried {task.fields[retried]:,}  failed {task.fields[failed]:,}"
    columns += "  {task.fields[remark]}"
    with terminal.bar(columns) as bar:
        task: TaskID = bar.add_task(
            "Producing", total=total, rate=0.0, sent=0, retried=0, failed=0, remark=""
        )
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
                remark=remark(),
            )
            if bar.disable and progress.elapsed >= next_line:
                next_line = progress.elapsed + _PLAIN_LINE_EVERY
                terminal.say(_summary(progress, remark()))

        yield show


def _summary(progress: Progress, remark: str) -> str:
    rate = progress.sent / progress.elapsed if progress.elapsed else 0.0
    counts = (
        f"Read {progress.read:,}, sent {progress.sent:,} ({rate:,.0f}/s), "
        f"retried {progress.retried:,}, failed {progress.failed:,}"
    )
    return f"{counts}; {remark}" if remark else counts
