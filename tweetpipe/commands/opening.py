"""Opens the sources of tweetpipe produce, with the messages about each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import producer
from producer import (
    FileSet,
    OutgoingRecord,
    ProducerError,
    Report,
    ResumableFile,
    ResumableFiles,
    WholeFile,
)
from tweetpipe import events
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import terminal
from tweetpipe.words import counted, named

_MANY_FILES = 200
_MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A source that is ready to read, its total if known, and its messages.

    `total` is in records, or in the unit of `done`. `fell_short` says in the end whether the source
    gave less than requested, even if everything that it gave was delivered.
    """

    records: Iterable[OutgoingRecord]
    total: int | None = None
    done: Callable[[], int] | None = None
    remark: Callable[[], str] = str
    last_words: Callable[[Report], str] = lambda _: ""
    fell_short: Callable[[], bool] = lambda: False


def open_fake(
    *,
    seed: int,
    count: int | None,
    shape: str | None,
    malformed: float,
    duplicates: float,
) -> Opened:
    """Generated events, the same for the same seed; endless if `count` is None."""
    records = producer.fake_source(
        events.chosen(),
        seed=seed,
        count=count,
        shape=shape,
        malformed=malformed,
        duplicates=duplicates,
    )

    def last_words(report: Report) -> str:
        if count is None or _is_all_kept(report):
            return ""
        return "To deliver the rest, run the same command again. Nothing is stored twice."

    return Opened(records=records, total=count, last_words=last_words)


def open_going_on(
    folder: Path, deployed: Stack, *, shape: str | None, malformed: float, duplicates: float
) -> Opened:
    """Endless generated events, starting after those that earlier runs sent to this stack."""
    chosen = events.chosen()
    records = producer.FakesGoingOn(
        folder / f"fake-{chosen.name}-{deployed.name}.position",
        chosen,
        stack=deployed.id,
        shape=shape,
        malformed=malformed,
        duplicates=duplicates,
    )
    if records.offset:
        sent = counted(records.offset, f"fake {chosen.noun}", f"fake {chosen.nouns}")
        terminal.say(f"Continuing after the first {sent}")
    return Opened(records=records)


@contextmanager
def leading_to(options: str) -> Iterator[None]:
    """Adds the stack's options to the commands in an error about a file."""
    try:
        yield
    except (ProducerError, TweetpipeError) as error:
        error.args = (led(str(error), options),)
        raise


def led(words: str, options: str) -> str:
    """A message about a file, with the stack's options added to its commands."""
    return words.replace(producer.PIPED_INTO, producer.PIPED_INTO + options)


def open_files(files: Sequence[str], *, author: str | None = None) -> Opened:
    """The events of the files, or of standard input."""
    contents = events.chosen().contents(author)
    records = FileSet([WholeFile(file, contents=contents) for file in _looked_at(files)])
    all_of = f"all of {files[0]}" if len(files) == 1 else f"all {len(files):,} files"

    def last_words(report: Report) -> str:
        if producer.STDIN in files or _is_all_kept(report):
            return ""
        if records.broken and not report.unwritten:
            return f"{_once_readable(records.broken)} again. Nothing is stored twice."
        return f"To deliver the rest, send {all_of} again. Nothing is stored twice."

    return _opened(records, last_words)


def _once_readable(broken: Sequence[str]) -> str:
    them = "it" if len(broken) == 1 else "them"
    return f"Once {named(broken)} can be read to the end, send {them}"


def _is_all_kept(report: Report) -> bool:
    """Whether every record of the source was delivered or is in the undelivered file."""
    return report.exhausted and not report.unwritten


def open_to_resume(files: Sequence[str], *, stream: str, author: str | None = None) -> Opened:
    """The events in the files that no earlier run has sent."""
    contents = events.chosen().contents(author)
    records = ResumableFiles(
        [ResumableFile(file, stream=stream, contents=contents) for file in _looked_at(files)]
    )
    for words in _going_on(records.files):
        terminal.say(words)
    all_of = f"{files[0]} has" if len(files) == 1 else f"all {len(files):,} files have"

    def last_words(report: Report) -> str:
        if records.broken:
            return f"{_once_readable(records.broken)} again with --resume to continue from there."
        if not report.exhausted:
            name = records.current.name
            return f"Stopped before the end of {name}. Use --resume to continue from there."
        if waiting := records.waiting:
            return (
                f"The last line of {', '.join(waiting)} has no newline and is not a complete "
                f"{events.chosen().noun} yet. The next --resume reads it again. To send it as it "
                "is, add a newline."
            )
        return "" if report.read else f"Nothing to send: {all_of} already been sent completely."

    return _opened(records, last_words)


def _looked_at(files: Sequence[str]) -> Iterator[str]:
    """The files, with a progress bar if there are many."""
    if len(files) < _MANY_FILES:
        yield from files
        return
    with terminal.counting("Checking files", total=len(files)) as show:
        for number, file in enumerate(files):
            show(number)
            yield file


def _going_on(files: Sequence[ResumableFile]) -> Iterator[str]:
    if len(files) > 1 and (sent := sum(file.was_sent for file in files)):
        yield f"{sent:,} of {len(files):,} files were already sent"
    begun = [file for file in files if file.offset and not file.was_sent]
    for file in begun[:_MOST_NAMED]:
        if file.is_plain:
            yield f"Continuing at byte {file.offset:,} of {file.size:,} in {file.name}"
        else:
            chosen = events.chosen()
            first = counted(file.offset, chosen.noun, chosen.nouns)
            yield f"Continuing after the first {first} of {file.name}"
    if (further := len(begun) - _MOST_NAMED) > 0:
        yield f"Continuing in {counted(further, 'more file')}"


def _opened(
    files: FileSet[WholeFile] | FileSet[ResumableFile], last_words: Callable[[Report], str]
) -> Opened:
    def remark() -> str:
        held = producer.held_back(files.messages)
        return "; ".join(filter(None, (_where(files), held and f"not sent: {held}")))

    return Opened(
        records=files,
        total=files.size or None,
        done=lambda: files.bytes_read,
        remark=remark,
        last_words=last_words,
    )


def _where(files: FileSet[WholeFile] | FileSet[ResumableFile]) -> str:
    if len(files.files) == 1:
        return ""
    return f"file {files.number:,} of {len(files.files):,}: {files.current.name}"
