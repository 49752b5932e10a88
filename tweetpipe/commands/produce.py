"""tweetpipe produce: sends events from a source to the stream."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import producer
from producer import Report, Settings
from tweetpipe import words
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.errors import INTERRUPTED, WrongUsage
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import ending, terminal
from tweetpipe.commands.by_source import BySource, is_by_option
from tweetpipe.commands.delivering import UNDELIVERED, deliver, settings_of
from tweetpipe.commands.opening import (
    Opened,
    leading_to,
    nothing_sent,
    open_fake,
    open_files,
    open_going_on,
    open_to_resume,
)
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    AggregateOption,
    GiveUpAfterOption,
    MaxInHandOption,
    NamedFilesOption,
    OwnCredentialsOption,
    RateOption,
    StackOption,
    TargetOption,
    UndeliveredOption,
    open_stack,
)
from tweetpipe.commands.rejections import Rejections

_COUNT = 1000
_NEVER = 10 * 365 * 24 * 3600.0  # seconds


class Source(StrEnum):
    """The source of the events."""

    FAKE = "fake"
    FILE = "file"
    TWITTER = "twitter"


sources = typer.Typer(cls=BySource)


@sources.callback()
def produce(
    source: Annotated[
        Source, typer.Option(hidden=True, help="Source of the events.")
    ] = Source.FAKE,
) -> None:
    """Send events to the stack's stream.

    Without a source, sends fake events. Each source has its own options: see tweetpipe produce file
    --help. Exits with code 1 if any event could not be delivered.
    """


@sources.command()
def fake(
    count: Annotated[
        int | None, typer.Option(min=0, show_default=f"{_COUNT}", help="Number of events to send.")
    ] = None,
    forever: Annotated[
        bool,
        typer.Option(
            "--forever",
            help="Send until interrupted, without giving up on events unless --give-up-after is "
            "set. Undelivered events are not saved. Without --seed, the next run continues where "
            "this run stopped.",
        ),
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, show_default="0", help="Seed that generates the events.")
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="SHAPE",
            show_default="mixed",
            help="Format of the events. For tweets: v1, v2, or mixed. Your own events may have "
            "others.",
        ),
    ] = None,
    malformed: Annotated[
        float, typer.Option(min=0, max=1, help="Fraction of malformed events to add.")
    ] = 0,
    duplicates: Annotated[
        float, typer.Option(min=0, max=1, help="Fraction of repeated events to add.")
    ] = 0,
    rate: RateOption = None,
    aggregate: AggregateOption = False,
    give_up_after: GiveUpAfterOption = None,
    max_in_hand: MaxInHandOption = None,
    undelivered: UndeliveredOption = UNDELIVERED,
    own_credentials: OwnCredentialsOption = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
) -> None:
    """Send fake events generated from a seed."""
    if forever and count is not None:
        raise WrongUsage("--count and --forever can't be used together. Leave out one of them.")
    # Opened here so that a wrong value is reported before anything else.
    opened = open_fake(
        seed=seed or 0,
        count=None if forever else _COUNT if count is None else count,
        shape=shape,
        malformed=malformed,
        duplicates=duplicates,
    )
    place, deployed = open_stack(target, stack_name)
    if forever and seed is None:
        opened = open_going_on(
            undelivered.parent,
            deployed,
            shape=shape,
            malformed=malformed,
            duplicates=duplicates,
        )
    if forever and give_up_after is None:
        # Fake events can wait indefinitely, and can be generated again.
        give_up_after = _NEVER
    send(
        opened,
        place,
        deployed,
        settings=settings_of(give_up_after, max_in_hand, rate=rate, aggregate=aggregate),
        undelivered=None if forever else undelivered,
        own_credentials=own_credentials,
    )


@sources.command()
def file(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...",
            help="Files, folders (with their subfolders), patterns such as 'day-*/**/*.gz', or - "
            "for standard input. They are sent in the given order; a file that is named twice is "
            "sent once.",
        ),
    ] = None,
    named: NamedFilesOption = None,
    author: Annotated[
        str | None,
        typer.Option(
            help="Author for files whose events name none, such as an archive of one account."
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue each file where the last run with --resume stopped. The position is "
            "kept in a file beside it.",
        ),
    ] = False,
    rate: RateOption = None,
    aggregate: AggregateOption = False,
    give_up_after: GiveUpAfterOption = None,
    max_in_hand: MaxInHandOption = None,
    undelivered: UndeliveredOption = UNDELIVERED,
    own_credentials: OwnCredentialsOption = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
) -> None:
    """Send events from files or from standard input."""
    # In this order, because the shell may expand a pattern after --file to several names.
    names = [*(named or []), *(paths or [])]
    if not names and is_by_option(ctx):
        raise WrongUsage("--source file needs --file FILE, or --file - for standard input.")
    if not names:
        raise WrongUsage(
            "produce file needs a FILE, such as events.ndjson, or - for standard input."
        )
    if resume and producer.STDIN in names:
        raise WrongUsage(
            "--resume works only with files: standard input can't be read again. Leave out "
            "--resume, or save the input to a file first."
        )
    with nothing_sent():
        found = producer.listed(names, undelivered=undelivered)
    if found.twice:
        terminal.say(f"Named more than once, but sent only once: {words.named(found.twice)}")
    undelivered = producer.undelivered_path(undelivered, sources=found.files)

    def again(files: Sequence[str]) -> str:
        further = f" --author {shlex.quote(author)}" if author else ""
        further += " --resume" if resume else ""
        further += stacks.options(target, stack_name)
        further += " --own-credentials" if own_credentials else ""
        return ending.send_command(files, further)

    with leading_to(stacks.options(target, stack_name)):
        # Opened first, so that a wrong path is reported before anything else.
        with nothing_sent():
            opened = None if resume else open_files(found.files, author=author or None, again=again)
        place, deployed = open_stack(target, stack_name)
        with nothing_sent():
            opened = opened or open_to_resume(
                found.files,
                stream=deployed.outputs["KinesisStream"],
                author=author or None,
                again=again,
            )
        send(
            opened,
            place,
            deployed,
            settings=settings_of(give_up_after, max_in_hand, rate=rate, aggregate=aggregate),
            undelivered=undelivered,
            own_credentials=own_credentials,
        )


def send(
    opened: Opened,
    place: Place,
    deployed: Stack,
    *,
    settings: Settings,
    undelivered: Path | None,
    own_credentials: bool,
) -> None:
    """Delivers the records to the stack's stream and reports the outcome."""
    rejections = Rejections(place, deployed)

    def last_words(report: Report) -> str:
        # Don't wait for rejections if the user has stopped the run.
        rejected = "" if report.interrupted else rejections.words(report.sent)
        return "\n".join(filter(None, (opened.last_words(report), _keyless(report), rejected)))

    report = deliver(
        place,
        deployed,
        opened.records,
        total=opened.total,
        done=opened.done,
        settings=settings,
        undelivered=undelivered,
        own_credentials=own_credentials,
        remark=opened.remark,
        last_words=last_words,
        remedy=opened.remedy,
    )
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)


def _keyless(report: Report) -> str:
    """The message about records without a partition key."""
    if not (report.keyless and report.sent):
        return ""
    return (
        f"{words.counted(report.keyless, 'record')} of {report.read:,} had no partition key for "
        "Kinesis. The order of such records is not kept."
    )
