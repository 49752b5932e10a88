"""tweetpipe produce: tweets from a source onto the stream."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import producer
from producer import Report, Settings
from tweetpipe import words
from tweetpipe.aws.errors import INTERRUPTED, WrongUsage
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import terminal
from tweetpipe.commands.by_source import BySource, is_by_option
from tweetpipe.commands.delivering import MB, UNDELIVERED, deliver, settings_of
from tweetpipe.commands.opening import (
    Opened,
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
from tweetpipe.commands.twitter import (
    Prices,
    open_twitter,
    show_rules,
    x_credentials,
    x_rules,
)

_COUNT = 1000
_NEVER = 10 * 365 * 24 * 3600.0  # seconds


class Source(StrEnum):
    """Where tweets come from."""

    FAKE = "fake"
    FILE = "file"
    TWITTER = "twitter"


sources = typer.Typer(
    cls=BySource,
    epilog="Example: tweetpipe produce fake --count 5000 --rate 200",
)


@sources.callback()
def produce(
    source: Annotated[
        Source, typer.Option(hidden=True, help="Where tweets come from.")
    ] = Source.FAKE,
) -> None:
    """Send tweets to the stack's stream; ends with exit code 1 when any could not be delivered.

    Each source has options of its own: see tweetpipe produce file --help. Without a source, fake
    tweets are sent.
    """


@sources.command(epilog="Example: tweetpipe produce fake --count 5000 --seed 7 --rate 200")
def fake(
    count: Annotated[
        int | None, typer.Option(min=0, show_default=f"{_COUNT}", help="How many tweets.")
    ] = None,
    forever: Annotated[
        bool,
        typer.Option(
            "--forever",
            help="Until interrupted; what can't be delivered is not kept. Without --seed, a "
            "further run goes on with tweets that were not sent yet.",
        ),
    ] = False,
    seed: Annotated[int | None, typer.Option(min=0, show_default="0", help="Which tweets.")] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="SHAPE", show_default="mixed", help="How they are written: of tweets, v1 or v2."
        ),
    ] = None,
    malformed: Annotated[
        float, typer.Option(min=0, max=1, help="Share of malformed ones, in addition.")
    ] = 0,
    duplicates: Annotated[
        float, typer.Option(min=0, max=1, help="Share of repeated ones, in addition.")
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
    """Send fake tweets, generated from a seed."""
    if forever and count is not None:
        raise WrongUsage("--count and --forever exclude each other.")
    place, deployed = open_stack(target, stack_name)
    if forever and seed is None:
        opened = open_going_on(
            undelivered.parent,
            deployed,
            shape=shape,
            malformed=malformed,
            duplicates=duplicates,
        )
    else:
        opened = open_fake(
            seed=seed or 0,
            count=None if forever else _COUNT if count is None else count,
            shape=shape,
            malformed=malformed,
            duplicates=duplicates,
        )
    if forever and give_up_after is None:
        # These can wait for as long as it takes, and can be made again.
        give_up_after = _NEVER
    _send(
        opened,
        place,
        deployed,
        settings=settings_of(give_up_after, max_in_hand, rate=rate, aggregate=aggregate),
        undelivered=None if forever else undelivered,
        own_credentials=own_credentials,
    )


@sources.command(epilog="Example: tweetpipe produce file tweets.ndjson --resume")
def file(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...",
            help="Files, folders with all below them, patterns such as 'day-*/**/*.gz'; - reads "
            "standard input. Each file is sent once, in this order.",
        ),
    ] = None,
    named: NamedFilesOption = None,
    author: Annotated[
        str | None,
        typer.Option(help="Who wrote the tweets of an archive from X, which doesn't say so."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on where the last such run of each file ended, however it did; "
            "the position is kept beside the file.",
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
    """Send files of tweets, or standard input."""
    # In this order: a shell may have made several of the one after --file.
    names = [*(named or []), *(paths or [])]
    if not names and is_by_option(ctx):
        raise WrongUsage("--source file needs --file tweets.ndjson, or --file - for stdin.")
    if not names:
        raise WrongUsage("produce file needs a FILE, such as tweets.ndjson, or - for stdin.")
    if resume and producer.STDIN in names:
        raise WrongUsage("--resume goes with a file: standard input can't be read again.")
    found = producer.listed(names, undelivered=undelivered)
    if found.twice:
        terminal.say(f"Named twice, and sent once: {words.named(found.twice)}")
    undelivered = producer.undelivered_path(undelivered, sources=found.files)
    # First of all, so that a wrong path is told before anything else.
    opened = None if resume else open_files(found.files, author=author or None)
    place, deployed = open_stack(target, stack_name)
    _send(
        opened
        or open_to_resume(
            found.files, stream=deployed.outputs["KinesisStream"], author=author or None
        ),
        place,
        deployed,
        settings=settings_of(give_up_after, max_in_hand, rate=rate, aggregate=aggregate),
        undelivered=undelivered,
        own_credentials=own_credentials,
    )


@sources.command(
    epilog="Example: tweetpipe produce twitter --track yolo --track '#aws lang:en' --max-tweets 500"
)
def twitter(
    track: Annotated[
        list[str] | None,
        typer.Option(help="Posts to read, as a rule of the filtered stream; repeatable."),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Further rules, one a line as tag: rule."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show which rules would change at X, and end."),
    ] = False,
    keep_rules: Annotated[
        bool, typer.Option("--keep-rules", help="Remove no rule that an earlier run tracked.")
    ] = False,
    max_tweets: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many posts: X charges for each.")
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(min=0.01, max=525_600, help="Stop reading after so many minutes."),
    ] = None,
    price_per_post: Annotated[
        float,
        typer.Option(envvar="X_PRICE_PER_POST", min=0, help="What X charges, in dollars."),
    ] = 0.005,
    monthly_limit: Annotated[
        float | None,
        typer.Option(
            envvar="X_MONTHLY_LIMIT", min=0, help="Dollars that all runs may spend in a month."
        ),
    ] = None,
    max_undelivered: Annotated[
        float,
        typer.Option(
            min=0,
            max=1e9,
            help="MB to which posts that can't be delivered make their file grow; "
            "those beyond are dropped and counted.",
        ),
    ] = Settings().max_undelivered // MB,
    aggregate: AggregateOption = False,
    give_up_after: GiveUpAfterOption = None,
    max_in_hand: MaxInHandOption = None,
    undelivered: UndeliveredOption = UNDELIVERED,
    own_credentials: OwnCredentialsOption = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
) -> None:
    """Send posts that X's filtered stream gives. X charges for each."""
    wanted = x_rules(track or [], rules)
    credentials = x_credentials()
    if dry_run:
        show_rules(credentials, wanted, rules, keep=keep_rules)
        return
    place, deployed = open_stack(target, stack_name)
    opened = open_twitter(
        credentials,
        wanted,
        rules,
        keep_rules=keep_rules,
        max_tweets=max_tweets,
        max_minutes=max_minutes,
        prices=Prices(per_post=price_per_post, monthly_limit=monthly_limit),
        folder=undelivered.parent,
    )
    _send(
        opened,
        place,
        deployed,
        settings=replace(
            settings_of(give_up_after, max_in_hand, rate=None, aggregate=aggregate),
            max_undelivered=int(max_undelivered * MB),
        ),
        undelivered=undelivered,
        own_credentials=own_credentials,
    )
    if opened.fell_short():
        raise typer.Exit(1)


def _send(
    opened: Opened,
    place: Place,
    deployed: Stack,
    *,
    settings: Settings,
    undelivered: Path | None,
    own_credentials: bool,
) -> None:
    rejections = Rejections(place, deployed)

    def last_words(report: Report) -> str:
        # Whoever has stopped it waits for its end.
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
    )
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)


def _keyless(report: Report) -> str:
    """What there is to say of records that have no partition key of their own."""
    if not (report.keyless and report.sent):
        return ""
    return (
        f"{words.counted(report.keyless, 'record')} of {report.read:,} named no partition key, and "
        "got a digest of the data instead: their order is not kept."
    )
