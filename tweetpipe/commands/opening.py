"""Opens the sources of tweetpipe produce, with the messages about each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import producer
from producer import (
    DamagedError,
    FileSet,
    OutgoingRecord,
    ProducerError,
    Report,
    ResumableFile,
    ResumableFiles,
    SourceError,
    TooLongError,
    WholeFile,
)
from tweetpipe import events
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import terminal
from tweetpipe.words import counted

_MANY_FILES = 200
_MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A source that is ready to read, its total if known, and its messages.

    `total` is in records, or in the unit of `done`. `remedy` says what to do if the source could
    not be read to its end. `fell_short` says in the end whether the source gave less than
    requested, even if everything that it gave was delivered.
    """

    records: Iterable[OutgoingRecord]
    total: int | None = None
    done: Callable[[], int] | None = None
    remark: Callable[[], str] = str
    last_words: Callable[[Report], str] = lambda _: ""
    remedy: Callable[[Report], str] = lambda _: ""
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


@contextmanager
def nothing_sent() -> Iterator[None]:
    """Adds to an error about a file that nothing was sent."""
    try:
        yield
    except SourceError as error:
        error.args = (f"{error}. Nothing was sent",)
        raise


def open_files(
    files: Sequence[str], *, author: str | None = None, again: Callable[[Sequence[str]], str]
) -> Opened:
    """The events of the files, or of standard input; `again` is the command that sends files."""
    contents = events.chosen().contents(author)
    records = FileSet([WholeFile(file, contents=contents) for file in _looked_at(files)])
    all_of = f"all of {files[0]}" if len(files) == 1 else f"all {len(files):,} files"

    def last_words(report: Report) -> str:
        is_told = records.broken and not report.unwritten  # by the remedy
        if producer.STDIN in files or _is_all_kept(report) or is_told:
            return ""
        return f"To deliver the rest, send {all_of} again. Nothing is stored twice."

    return _opened(records, last_words, again)


def _remedy(
    records: FileSet[WholeFile] | FileSet[ResumableFile],
    report: Report,
    again: Callable[[Sequence[str]], str],
) -> str:
    """What happened to the other records, and how to send the failed files again."""
    if not records.broken:
        return ""
    said = [f"The {'other ' if report.failed else ''}records before that were sent"]
    if not report.read:
        said = ["No records were sent"]
    elif len(records.broken) < len(records.files):
        said[0] += ", and so were the other files"
    # A message about something too long ends with what to do.
    left = {n: e for n, e in records.broken.items() if not isinstance(e, TooLongError)}
    if left:
        it = "it" if len(left) == 1 else "them"
        said.append(_advice([*left.values()]))
        how = ", run this command again"
        if producer.STDIN not in left and len(left) <= _MOST_NAMED:
            how = f", run:\n  {again([*left])}"
        said.append(f"To send {it} again (nothing is stored twice){how}")
    return ". ".join(filter(None, said))


def _advice(errors: Sequence[SourceError]) -> str:
    """What to do before these files are sent again."""
    if len(errors) == 1:
        return errors[0].advice
    if all(isinstance(error, DamagedError) for error in errors):
        return "Repair them, or get complete copies"
    return "Make sure that they can be read to the end"


def _is_all_kept(report: Report) -> bool:
    """Whether every record of the source was delivered or is in the undelivered file."""
    return report.exhausted and not report.unwritten


def open_to_resume(
    files: Sequence[str],
    *,
    stream: str,
    author: str | None = None,
    again: Callable[[Sequence[str]], str],
) -> Opened:
    """The events in the files that no earlier run has sent; `again` as for `open_files`."""
    contents = events.chosen().contents(author)
    records = ResumableFiles(
        [ResumableFile(file, stream=stream, contents=contents) for file in _looked_at(files)]
    )
    for words in _going_on(records.files):
        terminal.say(words)
    all_of = f"{files[0]} has" if len(files) == 1 else f"all {len(files):,} files have"

    def last_words(report: Report) -> str:
        if records.broken:
            return ""  # the remedy says how to continue
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

    return _opened(records, last_words, again)


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
    files: FileSet[WholeFile] | FileSet[ResumableFile],
    last_words: Callable[[Report], str],
    again: Callable[[Sequence[str]], str],
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
        remedy=lambda report: _remedy(files, report, again),
    )


def _where(files: FileSet[WholeFile] | FileSet[ResumableFile]) -> str:
    if len(files.files) == 1:
        return ""
    return f"file {files.number:,} of {len(files.files):,}: {files.current.name}"
