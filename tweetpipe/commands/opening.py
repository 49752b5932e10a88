"""Opens what tweetpipe produce reads, with what there is to say about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import producer
from fake_tweets import Shape
from producer import OutgoingRecord, Report
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import terminal
from tweetpipe.words import counted

if TYPE_CHECKING:
    from producer.x import Credentials


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A source that is ready, what it will give if that is known, and what it has to say."""

    records: Iterable[OutgoingRecord]
    total: int | None = None
    remark: Callable[[], str] = str
    last_words: Callable[[Report], str] = lambda _: ""


def open_fake(
    *,
    seed: int,
    count: int | None,
    shape: Shape,
    malformed: float,
    duplicates: float,
) -> Opened:
    """Generated tweets, always the same for a seed; without end if `count` is None."""
    records = producer.fake_source(
        seed=seed, count=count, shape=shape, malformed=malformed, duplicates=duplicates
    )

    def last_words(report: Report) -> str:
        if count is None or _is_all_kept(report):
            return ""
        return "Run the same command again to have the rest delivered: nothing is stored twice."

    return Opened(records=records, total=count, last_words=last_words)


def open_going_on(
    folder: Path, deployed: Stack, *, shape: Shape, malformed: float, duplicates: float
) -> Opened:
    """Generated tweets without end, after those that an earlier run sent to this stack."""
    records = producer.FakesGoingOn(
        folder / f"fake-tweets-{deployed.name}.position",
        stack=deployed.id,
        shape=shape,
        malformed=malformed,
        duplicates=duplicates,
    )
    if records.offset:
        terminal.say(f"Going on after the first {counted(records.offset, 'fake tweet')}")
    return Opened(records=records)


def open_file(file: str) -> Opened:
    """The lines of a file, or of standard input."""
    records = producer.file_source(file)

    def last_words(report: Report) -> str:
        if file == producer.STDIN or _is_all_kept(report):
            return ""
        return f"Send all of {file} again to have the rest delivered: nothing is stored twice."

    return Opened(records=records, last_words=last_words)


def _is_all_kept(report: Report) -> bool:
    """Whether all that the source has is delivered or in the file of undelivered records."""
    return report.exhausted and not report.unwritten


def open_to_resume(file: str, *, stream: str) -> Opened:
    """The lines of a file that no earlier run has sent."""
    lines = producer.ResumableFile(file, stream=stream)
    if lines.offset:
        terminal.say(f"Going on at byte {lines.offset:,} of {lines.size:,} in {file}")

    def last_words(report: Report) -> str:
        if not report.exhausted:
            return f"Stopped before the end of {file}: --resume goes on there."
        if lines.waits:
            return (
                f"The last line of {file} has no newline and is no whole tweet yet: it waits for "
                "the next --resume. To send it as it is, end it with a newline."
            )
        return "" if report.read else f"Nothing is left of {file}: all of it has been sent."

    return Opened(records=lines, last_words=last_words)


def x_credentials() -> Credentials:
    """Those in the environment."""
    # Imported here: no other source needs TwitterAPI and what it imports.
    from producer.x import Credentials

    return Credentials.of(os.environ)


def open_twitter(
    credentials: Credentials,
    track: list[str],
    *,
    keep_rules: bool,
    max_tweets: int | None,
    max_minutes: float | None,
    price: float,
) -> Opened:
    """The posts that X sends by the rules in `track`, at `price` dollars each."""
    from producer import x

    api = x.XApi(credentials, url=os.environ.get("X_API_URL") or x.DEFAULT_URL)
    rules = x.synchronise(api, track, keep=keep_rules)
    terminal.say(
        f"Reading posts from X by {counted(len(rules), 'rule')}: "
        + ", ".join(rule.value for rule in rules)
    )
    posts = x.XSource(
        api,
        rules,
        max_posts=max_tweets,
        max_seconds=None if max_minutes is None else max_minutes * 60,
        on_event=terminal.say,
    )

    def remark() -> str:
        cost = (
            f"{counted(posts.counts.posts, 'post')} read from X, ${posts.counts.posts * price:,.2f}"
        )
        return ", ".join(filter(None, (cost, posts.counts.in_words())))

    return Opened(records=posts, total=max_tweets, remark=remark)
