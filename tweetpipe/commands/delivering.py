"""Delivers records with a progress bar, stops when asked to, and says what became of them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from rich.progress import TaskID

import producer
from producer import OutgoingRecord, ProducerError, Progress, Report, Settings
from tweetpipe.aws import producer_key
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import ending, interrupt, terminal

UNDELIVERED = Path("undelivered.ndjson")

MB = 1_000_000

_PLAIN_LINE_EVERY = 5.0  # seconds, where output is no terminal


def deliver(
    place: Place,
    deployed: Stack,
    records: Iterable[OutgoingRecord],
    *,
    total: int | None,
    settings: Settings | None = None,
    undelivered: Path | None = UNDELIVERED,
    own_credentials: bool = False,
    remark: Callable[[], str] = str,
    last_words: Callable[[Report], str] = lambda _: "",
) -> Report:
    """Send the records with a progress bar; raise TweetpipeError when any was not delivered.

    However it ends, the counts are said, and where the rest is. `remark` is what else there is to
    say at the moment, beside the counts, and `last_words` at the end.
    """
    settings = settings or Settings()
    config = producer.kinesis_client_config(settings)
    client = (
        place.kinesis(config)
        if own_credentials
        else producer_key.kinesis(place, deployed, config, say=terminal.say)
    )
    ends: list[Report] = []

    def told(report: Report, causes: Sequence[str] = ()) -> str:
        terminal.say(ending.counts(report, remark()))
        if words := last_words(report):
            terminal.say(words)
        command = ending.resend_command(
            undelivered or UNDELIVERED, place, deployed, own_credentials=own_credentials
        )
        return ending.undelivered(report, path=undelivered, command=command, causes=causes)

    try:
        # Cut off, it would lose what is in hand; it is quick to end by itself.
        with (
            interrupt.must_finish,
            _stop_on_signals() as stop,
            _progress_shown(total, remark, undelivered, settings) as show,
        ):

            def on_progress(progress: Progress) -> None:
                if isinstance(progress, Report):
                    ends.append(progress)
                show(progress)

            report = producer.produce(
                records,
                client=client,
                stream=deployed.outputs["KinesisStream"],
                undelivered=undelivered,
                settings=settings,
                stop=stop,
                on_progress=on_progress,
            )
    except ProducerError as error:
        if error.report is None:
            raise
        causes = [str(error), *getattr(error, "__notes__", ())]
        raise TweetpipeError(told(error.report, causes)) from error
    except KeyboardInterrupt:
        if ends:
            terminal.say(told(ends[-1]))
        raise
    words = told(report)
    if report.failed:
        raise TweetpipeError(words)
    return report


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """The first SIGINT, SIGTERM or SIGHUP asks to stop; a second one ends the process at once."""
    stop = threading.Event()

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, end if number == signal.SIGINT else before[signal.Signals(number)])

    def end(number: int, _frame: object) -> NoReturn:
        # What is in hand is kept now, which takes a moment; a third one may not cost it.
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        # Under nohup, a terminal that is closed ends nothing.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }
    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress_shown(
    total: int | None, remark: Callable[[], str], undelivered: Path | None, settings: Settings
) -> Iterator[Callable[[Progress], None]]:
    columns = "{task.fields[rate]:>7,.0f}/s  sent {task.fields[sent]:,}  "
    columns += "retried {task.fields[retried]:,}  failed {task.fields[failed]:,}"
    columns += "  {task.fields[remark]}"
    with terminal.bar(columns) as bar:
        task: TaskID = bar.add_task(
            "Producing", total=total, rate=0.0, sent=0, retried=0, failed=0, remark=""
        )
        next_line = _PLAIN_LINE_EVERY
        drops = False
        standstill = ending.Standstill()

        def show(progress: Progress) -> None:
            nonlocal next_line, drops
            if progress.dropped and undelivered and not drops:
                drops = True
                terminal.say(
                    f"{undelivered} has reached its limit of {settings.max_undelivered // MB:,} "
                    "MB: what can't be delivered is dropped from now on"
                )
            if words := standstill.words(progress):
                terminal.say(words)
            rate = progress.sent / progress.elapsed if progress.elapsed else 0.0
            bar.update(
                task,
                completed=progress.sent + progress.failed,
                rate=rate,
                sent=progress.sent,
                retried=progress.retried,
                failed=progress.failed,
                remark="; ".join(filter(None, (ending.limit(progress), remark()))),
            )
            if bar.disable and progress.elapsed >= next_line:
                next_line = progress.elapsed + _PLAIN_LINE_EVERY
                terminal.say(ending.counts(progress, remark()))

        yield show
