"""tweetpipe produce: tweets from a source onto the stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import producer
from fake_tweets import Shape
from producer import Settings
from tweetpipe.aws.errors import INTERRUPTED, WrongUsage
from tweetpipe.aws.place import Target
from tweetpipe.commands.delivering import MB, UNDELIVERED, deliver
from tweetpipe.commands.opening import (
    open_fake,
    open_file,
    open_going_on,
    open_to_resume,
    open_twitter,
    x_credentials,
)
from tweetpipe.commands.options import DEFAULT_STACK, StackOption, TargetOption, open_stack

_COUNT = 1000
_NEVER = 10 * 365 * 24 * 3600.0  # seconds
_OF_FAKE = "Fake tweets"
_OF_X = "Tweets from X"


class Source(StrEnum):
    """Where tweets come from."""

    FAKE = "fake"
    FILE = "file"
    TWITTER = "twitter"


def produce(
    source: Annotated[Source, typer.Option(help="Where tweets come from.")] = Source.FAKE,
    file: Annotated[
        str | None, typer.Option(help="NDJSON to send, one tweet a line; - reads standard input.")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            min=0, show_default=f"{_COUNT}", help="How many fake tweets.", rich_help_panel=_OF_FAKE
        ),
    ] = None,
    forever: Annotated[
        bool,
        typer.Option(
            "--forever",
            help="Until interrupted; what can't be delivered is not kept. Without --seed, a "
            "further run goes on with tweets that were not sent yet.",
            rich_help_panel=_OF_FAKE,
        ),
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(min=0, show_default="0", help="Which fake tweets.", rich_help_panel=_OF_FAKE),
    ] = None,
    shape: Annotated[
        Shape | None,
        typer.Option(
            show_default="mixed", help="Shape of the fake tweets.", rich_help_panel=_OF_FAKE
        ),
    ] = None,
    malformed: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            show_default="0",
            help="Share of malformed ones, in addition.",
            rich_help_panel=_OF_FAKE,
        ),
    ] = None,
    duplicates: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            show_default="0",
            help="Share of repeated ones, in addition.",
            rich_help_panel=_OF_FAKE,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on where the last such run of this file ended, however it did; "
            "the position is kept beside the file.",
        ),
    ] = False,
    rate: Annotated[
        float | None, typer.Option(min=0.001, show_default="unlimited", help="Records a second.")
    ] = None,
    aggregate: Annotated[
        bool,
        typer.Option(
            "--aggregate",
            help="Put several tweets into one Kinesis record, up to 25 KB, in the format of AWS's "
            "producer library: far fewer PUT payload units to pay for, and records for a shard to "
            "take. Readers must know the format, as the stack's function does.",
        ),
    ] = False,
    track: Annotated[
        list[str] | None,
        typer.Option(
            help="Posts to read from X, as a rule of its filtered stream; repeatable.",
            rich_help_panel=_OF_X,
        ),
    ] = None,
    keep_rules: Annotated[
        bool,
        typer.Option(
            "--keep-rules",
            help="Remove no rule that an earlier run tracked.",
            rich_help_panel=_OF_X,
        ),
    ] = False,
    max_tweets: Annotated[
        int | None,
        typer.Option(
            min=1, help="Stop after so many posts: X charges for each.", rich_help_panel=_OF_X
        ),
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=525_600,
            help="Stop reading from X after so many minutes.",
            rich_help_panel=_OF_X,
        ),
    ] = None,
    price_per_post: Annotated[
        float,
        typer.Option(
            envvar="X_PRICE_PER_POST",
            min=0,
            help="What X charges, in dollars.",
            rich_help_panel=_OF_X,
        ),
    ] = 0.005,
    undelivered: Annotated[
        Path, typer.Option(help="What can't be delivered is appended here, to be sent again.")
    ] = UNDELIVERED,
    max_undelivered: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1e9,
            show_default=f"{Settings().max_undelivered // MB:,}",
            help="MB to which posts that can't be delivered make that file grow; "
            "those beyond are dropped and counted.",
            rich_help_panel=_OF_X,
        ),
    ] = None,
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
    twitter_only = {
        "--track": track,
        "--keep-rules": keep_rules or None,
        "--max-tweets": max_tweets,
        "--max-minutes": max_minutes,
        "--max-undelivered": max_undelivered,
    }
    _refuse(fake_only, Source.FAKE, chosen=source)
    _refuse({"--file": file, "--resume": resume or None}, Source.FILE, chosen=source)
    _refuse(twitter_only, Source.TWITTER, chosen=source)
    if source is Source.FILE and file is None:
        raise WrongUsage("--source file needs --file tweets.ndjson, or --file - for stdin.")
    if resume and file == producer.STDIN:
        raise WrongUsage("--resume goes with a file: standard input can't be read again.")
    if source is Source.TWITTER and rate is not None:
        raise WrongUsage("--rate does not go with --source twitter: X waits for nobody.")
    if forever and count is not None:
        raise WrongUsage("--count and --forever exclude each other.")

    opened = None
    if file is not None:
        undelivered = producer.undelivered_path(undelivered, source=file)
        if not resume:
            # First of all, so that a wrong path is told before anything else.
            opened = open_file(file)
    credentials = x_credentials() if source is Source.TWITTER else None
    place, deployed = open_stack(target, stack_name)
    if opened is None:
        if forever and seed is None:
            opened = open_going_on(
                undelivered.parent,
                deployed,
                shape=shape or "mixed",
                malformed=malformed or 0.0,
                duplicates=duplicates or 0.0,
            )
        elif source is Source.FAKE:
            opened = open_fake(
                seed=seed or 0,
                count=None if forever else _COUNT if count is None else count,
                shape=shape or "mixed",
                malformed=malformed or 0.0,
                duplicates=duplicates or 0.0,
            )
        elif file is not None:
            opened = open_to_resume(file, stream=deployed.outputs["KinesisStream"])
        else:
            opened = open_twitter(
                credentials or x_credentials(),
                track or [],
                keep_rules=keep_rules,
                max_tweets=max_tweets,
                max_minutes=max_minutes,
                price=price_per_post,
            )
    settings = Settings(rate=rate, aggregate=aggregate)
    if max_undelivered is not None:
        settings = replace(settings, max_undelivered=int(max_undelivered * MB))
    if forever:
        # These can wait for as long as it takes, and can be made again.
        settings = replace(settings, give_up_after=_NEVER)
    report = deliver(
        place,
        deployed,
        opened.records,
        total=opened.total,
        settings=settings,
        undelivered=None if forever else undelivered,
        own_credentials=own_credentials,
        remark=opened.remark,
        last_words=opened.last_words,
    )
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)


def _refuse(options: Mapping[str, object], of: Source, *, chosen: Source) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given and chosen is not of:
        raise WrongUsage(f"{given[0]} goes with --source {of}.")
