"""Several files, read one after another."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from producer.errors import SourceError
from producer.files.contents import Contents
from producer.files.reading import EVENTS, Reading, open_events
from producer.outgoing import STDIN, OutgoingRecord
from producer.resumable import ResumableFile

_OPEN_AT_ONCE = 8
"""The most finished files to keep open while some of their records are in hand."""
_MOST_TOLD = 3
"""The most files whose read errors are listed."""


class OneFile(Protocol):
    """A file that is part of a set."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int | None: ...
    @property
    def bytes_read(self) -> int: ...
    @property
    def messages(self) -> Counter[str]: ...
    def __iter__(self) -> Iterator[OutgoingRecord]: ...


class WholeFile:
    """All events of a file, or of standard input for `-`.

    Checks at once what the file holds, except for a pipe, which can't be read twice. Raises
    SettingsError if it holds no events, SourceError if it can't be opened or read.
    """

    def __init__(self, path: str, *, contents: Contents = EVENTS) -> None:
        self.name = path
        self.messages: Counter[str] = Counter()
        self._contents = contents
        self._reading: Reading | None = open_events(path, contents=contents)
        self.size = self._reading.size
        if self.size is not None and path != STDIN:
            # There may be more files than can be open at once.
            self._reading.close()
            self._reading = None

    @property
    def bytes_read(self) -> int:
        """How far reading has come in the current file."""
        return self._reading.bytes_read if self._reading else 0

    def __iter__(self) -> Iterator[OutgoingRecord]:
        if self._reading is None:
            self._reading = open_events(self.name, contents=self._contents)
        self.messages = self._reading.messages
        try:
            for piece in self._reading:
                yield piece.record
        finally:
            self._reading.close()


File = TypeVar("File", bound=OneFile)


class FileSet(Generic[File]):
    """The events of all the files, in order. Iterate it once.

    A file that can't be read to its end does not stop the ones after it: SourceError is raised
    after the last file, and `broken` then has the errors of the files that failed.
    """

    def __init__(self, files: Sequence[File]) -> None:
        self.files = files
        self.broken: dict[str, SourceError] = {}
        self._errors: dict[str, SourceError] = {}
        self._number = 0
        self._bytes_before = 0
        self._messages_before: Counter[str] = Counter()

    @property
    def current(self) -> File:
        """The file being read; at the end, the last one."""
        return self.files[self._number]

    @property
    def number(self) -> int:
        """The number of that file, from 1."""
        return self._number + 1

    @property
    def size(self) -> int | None:
        """Total bytes, as far as known before reading."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def bytes_read(self) -> int:
        """Bytes read so far."""
        return self._bytes_before + self.current.bytes_read

    @property
    def messages(self) -> Counter[str]:
        """What was skipped because it is not an event."""
        # Iterate over a copy: the reading thread adds files meanwhile.
        return self._messages_before + Counter(self.current.messages)

    def __iter__(self) -> Iterator[OutgoingRecord]:
        for number in range(len(self.files)):
            self._go_to(number)
            yield from self._what_can_be_read()
        self._tell_broken()

    def _what_can_be_read(self) -> Iterator[OutgoingRecord]:
        try:
            yield from self.current
        except SourceError as error:
            self._errors[self.current.name] = error

    def _tell_broken(self) -> None:
        self.broken = self._errors
        if not self._errors:
            return
        first, *others = self._errors.values()
        if not others:
            raise first
        told = [str(error) for error in (first, *others)[:_MOST_TOLD]]
        if (more := len(self._errors) - _MOST_TOLD) > 0:
            told.append(f"and {more:,} more files")
        # A message may end with a command, which has its own line.
        has_commands = any("\n" in each for each in told)
        raise SourceError(("\n" if has_commands else "; ").join(told)) from first

    def _go_to(self, number: int) -> None:
        if number:
            self._bytes_before += self.current.bytes_read
            self._messages_before = self.messages
        self._number = number


class ResumableFiles(FileSet[ResumableFile]):
    """The events of all the files that no earlier run has sent.

    `offset` continues from file to file, in bytes or records depending on the file, and is 0 where
    this run starts.
    """

    def __init__(self, files: Sequence[ResumableFile]) -> None:
        super().__init__(files)
        self.offset = 0
        self._starts: list[int] = []
        self._starts_in_file: list[int] = []
        self._kept = 0
        """The number of files, from the first, that are saved as sent."""

    @property
    def waiting(self) -> list[str]:
        """The files whose last line the next run will send."""
        return [file.name for file in self.files if file.waits]

    def __iter__(self) -> Iterator[OutgoingRecord]:
        for number, file in enumerate(self.files):
            self._go_to(number)
            start, start_in_file = self.offset, file.offset
            self._starts_in_file.append(start_in_file)
            self._starts.append(start)
            for record in self._what_can_be_read():
                self.offset = start + file.offset - start_in_file
                yield record
            if number >= _OPEN_AT_ONCE:
                self.files[number - _OPEN_AT_ONCE].close()
        self._tell_broken()

    def keep(self, offset: int) -> None:
        """Save `offset` as the start of the next run; thread-safe. Raises PositionError."""
        starts = self._starts[:]
        if not starts:
            self.files[0].keep(self.files[0].offset)
            return
        number = bisect_right(starts, offset) - 1
        while self._kept < number:
            self.files[self._kept].keep_end()
            self._kept += 1
        self.files[number].keep(self._starts_in_file[number] + offset - starts[number])
