"""Delivers records with a progress bar, stops on request, and reports the outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.progress import TaskID

import producer
from producer import OutgoingRecord, ProducerError, Progress, Report, Settings
from tweetpipe.aws import producer_key
from tweetpipe.aws.errors import Interrupted, TweetpipeError, WrongUsage
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.commands import ending, interrupt, terminal

UNDELIVERED = Path("undelivered.ndjson")

MB = 1_000_000

_PLAIN_LINE_EVERY = 5.0  # seconds, if the output is not a terminal


def deliver(
    place: Place,
    deployed: Stack,
    records: Iterable[OutgoingRecord],
    *,
    total: int | None,
    done: Callable[[], int] | None = None,
    settings: Settings | None = None,
    undelivered: Path | None = UNDELIVERED,
    own_credentials: bool = False,
    remark: Callable[[], str] = str,
    last_words: Callable[[Report], str] = lambda _: "",
    remedy: Callable[[Report], str] = lambda _: "",
) -> Report:
    """Send the records with a progress bar; raise TweetpipeError if any was not delivered.

    The bar shows `done` out of `total`; by default, `done` counts the finished records. Whatever
    the outcome, the counts are printed, and where the undelivered records are. `remark` is printed
    beside the counts while records are sent, and `last_words` at the end. An error ends with
    `remedy`.
    """
    settings = _as_the_stream_is(
        settings or Settings(), deployed, options=options(place.target, deployed.name)
    )
    config = producer.kinesis_client_config(settings)
    client = (
        place.kinesis(config)
        if own_credentials or "AccessKeyId" not in deployed.outputs
        else producer_key.kinesis(place, deployed, config, say=terminal.say)
    )

    def told(report: Report, causes: Sequence[str] = ()) -> str:
        terminal.say(ending.counts(report, remark()))
        if words := last_words(report):
            terminal.say(words)
        command = ending.resend_command(
            undelivered or UNDELIVERED, place, deployed, own_credentials=own_credentials
        )
        failed = ending.undelivered(
            report,
            path=undelivered,
            command=command,
            causes=causes,
            max_record_bytes=settings.max_record_bytes,
        )
        return ending.sentences([*filter(None, (failed, remedy(report)))])

    # Must not be cut off, or the records in memory are lost. It stops quickly on its own.
    with interrupt.must_finish, interrupt.asking_to_stop() as stop:
        try:
            surplus = ending.Surplus(place, deployed)
            with _progress_shown(total, done, remark, undelivered, settings, surplus) as show:
                report = producer.produce(
                    records,
                    client=client,
                    stream=deployed.outputs["KinesisStream"],
                    undelivered=undelivered,
                    settings=settings,
                    stop=stop,
                    on_progress=show,
                )
        except ProducerError as error:
            if error.report is None:
                raise
            way_out = ending.way_out(error, place, deployed)
            causes = [*filter(None, (str(error), way_out)), *getattr(error, "__notes__", ())]
            raise TweetpipeError(told(error.report, causes)) from error
        words = told(report)
    if report.failed:
        raise (Interrupted if stop.is_set() else TweetpipeError)(words)
    return replace(report, interrupted=report.interrupted or stop.is_set())


def settings_of(
    give_up_after: float | None, max_in_hand: float | None, *, rate: float | None, aggregate: bool
) -> Settings:
    """Settings with the given limits (`max_in_hand` in MB), or the default ones."""
    default = Settings(rate=rate, aggregate=aggregate)
    return replace(
        default,
        give_up_after=default.give_up_after if give_up_after is None else give_up_after,
        max_in_hand=None if max_in_hand is None else int(max_in_hand * MB),
    )


def _as_the_stream_is(settings: Settings, deployed: Stack, *, options: str) -> Settings:
    """The settings, adapted to the stream as the stack's parameters describe it.

    Raises WrongUsage; `options` select the stack in the command that it suggests.
    """
    is_even = deployed.parameters.get("RecordDistribution") == "AUTO"
    if is_even and settings.aggregate:
        raise WrongUsage(
            f"The stream of {deployed.name} distributes records itself (RecordDistribution=AUTO), "
            "and AWS does not support aggregated records on such a stream. Leave out --aggregate, "
            "or to have it distribute by key, run:\n"
            f"  tweetpipe deploy{options} -p RecordDistribution=PARTITION_KEY"
        )
    kib = int(deployed.parameters.get("MaxRecordSizeKiB", "1024"))
    return replace(settings, by_key=not is_even, max_record_bytes=kib * 1024)


@contextmanager
def _progress_shown(
    total: int | None,
    done: Callable[[], int] | None,
    remark: Callable[[], str],
    undelivered: Path | None,
    settings: Settings,
    surplus: ending.Surplus,
) -> Iterator[Callable[[Progress], None]]:
    columns = "{task.fields[rate]:>7,.0f}/s  sent {task.fields[sent]:,}  "
    columns += "retried {task.fields[retried]:,}  failed {task.fields[failed]:,}"
    columns += "  {task.fields[remark]}"
    with terminal.bar(columns) as bar:
        task: TaskID = bar.add_task(
            "Sending", total=total, rate=0.0, sent=0, retried=0, failed=0, remark=""
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
                    "MB. From now on, records that can't be delivered are dropped"
                )
            for tells in (standstill, surplus):
                if words := tells.words(progress):
                    terminal.say(words)
            rate = progress.sent / progress.elapsed if progress.elapsed else 0.0
            bar.update(
                task,
                completed=done() if done else progress.sent + progress.failed,
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
