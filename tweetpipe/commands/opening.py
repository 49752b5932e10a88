"""Opens what tweetpipe produce reads, with what there is to say about it."""

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
    """A source that is ready, what it will give if that is known, and what it has to say.

    `total` is in records, or in what `done` counts. `fell_short` tells in the end whether it gave
    less than was asked of it, though all of that was delivered.
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
    """Generated events, always the same for a seed; without end if `count` is None."""
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
        return "Run the same command again to have the rest delivered: nothing is stored twice."

    return Opened(records=records, total=count, last_words=last_words)


def open_going_on(
    folder: Path, deployed: Stack, *, shape: str | None, malformed: float, duplicates: float
) -> Opened:
    """Generated events without end, after those that an earlier run sent to this stack."""
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
        terminal.say(f"Going on after the first {sent}")
    return Opened(records=records)


@contextmanager
def leading_to(options: str) -> Iterator[None]:
    """Has the commands that an error about a file tells to type lead to the same stack."""
    try:
        yield
    except (ProducerError, TweetpipeError) as error:
        error.args = (led(str(error), options),)
        raise


def led(words: str, options: str) -> str:
    """What is said about a file, its commands with the options that lead them to a stack."""
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
            return f"{_once_readable(records.broken)} again: nothing is stored twice."
        return f"Send {all_of} again to have the rest delivered: nothing is stored twice."

    return _opened(records, last_words)


def _once_readable(broken: Sequence[str]) -> str:
    them, their = ("it", "its end") if len(broken) == 1 else ("them", "their ends")
    return f"Once {named(broken)} can be read to {their}, send {them}"


def _is_all_kept(report: Report) -> bool:
    """Whether all that the source has is delivered or in the file of undelivered records."""
    return report.exhausted and not report.unwritten


def open_to_resume(files: Sequence[str], *, stream: str, author: str | None = None) -> Opened:
    """The events of the files that no earlier run has sent."""
    contents = events.chosen().contents(author)
    records = ResumableFiles(
        [ResumableFile(file, stream=stream, contents=contents) for file in _looked_at(files)]
    )
    for words in _going_on(records.files):
        terminal.say(words)
    all_of = files[0] if len(files) == 1 else f"the {len(files):,} files"

    def last_words(report: Report) -> str:
        if records.broken:
            return f"{_once_readable(records.broken)} again with --resume, which goes on there."
        if not report.exhausted:
            return f"Stopped before the end of {records.current.name}: --resume goes on there."
        if waiting := records.waiting:
            return (
                f"The last line of {', '.join(waiting)} has no newline and is no whole "
                f"{events.chosen().noun} yet: it waits for the next --resume. To send it as it is, "
                "end it with a newline."
            )
        return "" if report.read else f"Nothing is left of {all_of}: all of it has been sent."

    return _opened(records, last_words)


def _looked_at(files: Sequence[str]) -> Iterator[str]:
    """The files, while it is shown how many of them have been looked at."""
    if len(files) < _MANY_FILES:
        yield from files
        return
    with terminal.counting("Looking at files", total=len(files)) as show:
        for number, file in enumerate(files):
            show(number)
            yield file


def _going_on(files: Sequence[ResumableFile]) -> Iterator[str]:
    if len(files) > 1 and (sent := sum(file.was_sent for file in files)):
        yield f"{sent:,} of {len(files):,} files have been sent already"
    begun = [file for file in files if file.offset and not file.was_sent]
    for file in begun[:_MOST_NAMED]:
        if file.is_plain:
            yield f"Going on at byte {file.offset:,} of {file.size:,} in {file.name}"
        else:
            chosen = events.chosen()
            first = counted(file.offset, chosen.noun, chosen.nouns)
            yield f"Going on after the first {first} of {file.name}"
    if (further := len(begun) - _MOST_NAMED) > 0:
        yield f"Going on in {counted(further, 'further file')}"


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
