"""tweetpipe produce: tweets from a source onto the stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import producer
from fake_tweets import Shape
from producer import OutgoingRecord, Report
from tweetpipe import terminal
from tweetpipe.commands.delivering import UNDELIVERED, deliver
from tweetpipe.commands.options import DEFAULT_STACK, StackOption, TargetOption, open_stack
from tweetpipe.errors import INTERRUPTED, WrongUsage
from tweetpipe.place import Target

_COUNT = 1000
_OF_FAKE = "Fake tweets"
_OF_X = "Tweets from X"


class Source(StrEnum):
    """Where tweets come from."""

    FAKE = "fake"
    FILE = "file"
    TWITTER = "twitter"


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """A source that is ready, what it will give if that is known, and what it has to say."""

    records: Iterable[OutgoingRecord]
    total: int | None = None
    remark: Callable[[], str] = str
    last_words: Callable[[Report], str] = lambda _: ""


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
        bool, typer.Option("--forever", help="Until interrupted.", rich_help_panel=_OF_FAKE)
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
            min=0.01, help="Stop reading from X after so many minutes.", rich_help_panel=_OF_X
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

    def open_fake() -> _Opened:
        total = None if forever else _COUNT if count is None else count
        records = producer.fake_source(
            seed=seed or 0,
            count=total,
            shape=shape or "mixed",
            malformed=malformed or 0.0,
            duplicates=duplicates or 0.0,
        )
        return _Opened(records=records, total=total)

    def open_twitter() -> _Opened:
        return _open_twitter(
            track or [],
            keep_rules=keep_rules,
            max_tweets=max_tweets,
            max_minutes=max_minutes,
            price=price_per_post,
        )

    opened = None
    if file is not None:
        undelivered = producer.undelivered_path(undelivered, source=file)
        if not resume:
            # First of all, so that a wrong path is told before anything else.
            opened = _Opened(records=producer.file_source(file))
    place, deployed = open_stack(target, stack_name)
    if opened is None:
        if file is not None:
            opened = _open_to_resume(file, stream=deployed.outputs["KinesisStream"])
        else:
            opened = open_fake() if source is Source.FAKE else open_twitter()
    report = deliver(
        place,
        deployed,
        opened.records,
        total=opened.total,
        rate=rate,
        aggregate=aggregate,
        undelivered=undelivered,
        own_credentials=own_credentials,
        remark=opened.remark,
    )
    if words := opened.last_words(report):
        terminal.say(words)
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)


def _open_to_resume(file: str, *, stream: str) -> _Opened:
    lines = producer.ResumableFile(file, stream=stream)
    if lines.offset:
        terminal.say(f"Going on at byte {lines.offset:,} of {lines.size:,} in {file}")

    def last_words(report: Report) -> str:
        if report.interrupted:
            return f"Stopped before the end of {file}: --resume goes on there."
        if lines.waits:
            return (
                f"The last line of {file} has no newline and is no whole tweet yet: it waits for "
                "the next --resume. To send it as it is, end it with a newline."
            )
        return "" if report.read else f"Nothing is left of {file}: all of it has been sent."

    return _Opened(records=lines, last_words=last_words)


def _open_twitter(
    track: list[str],
    *,
    keep_rules: bool,
    max_tweets: int | None,
    max_minutes: float | None,
    price: float,
) -> _Opened:
    # Imported here: no other source needs TwitterAPI and what it imports.
    from producer import x

    api = x.XApi(x.Credentials.of(os.environ), url=os.environ.get("X_API_URL") or x.DEFAULT_URL)
    rules = x.synchronise(api, track, keep=keep_rules)
    terminal.say(
        f"Reading posts from X by {len(rules)} rules: {', '.join(rule.value for rule in rules)}"
    )
    posts = x.XSource(
        api,
        rules,
        max_posts=max_tweets,
        max_seconds=None if max_minutes is None else max_minutes * 60,
        on_event=terminal.say,
    )

    def remark() -> str:
        cost = f"{posts.counts.posts:,} posts read from X, ${posts.counts.posts * price:,.2f}"
        return ", ".join(filter(None, (cost, posts.counts.in_words())))

    return _Opened(records=posts, total=max_tweets, remark=remark)


def _refuse(options: Mapping[str, object], of: Source, *, chosen: Source) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given and chosen is not of:
        raise WrongUsage(f"{given[0]} goes with --source {of}.")
