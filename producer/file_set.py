"""Several files, read one after the other."""

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
"""Files that were read and stay open for what is in hand of them."""
_MOST_TOLD = 3
"""Of the files that can't be read to their end, so many are told why."""


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
    """The events of a file, or of standard input for `-`, all of them.

    Looks at once what it holds, except for a pipe, which can't be read twice. Raises SettingsError
    for what holds no events, SourceError when it can't be opened or read.
    """

    def __init__(self, path: str, *, contents: Contents = EVENTS) -> None:
        self.name = path
        self.messages: Counter[str] = Counter()
        self._contents = contents
        self._reading: Reading | None = open_events(path, contents=contents)
        self.size = self._reading.size
        if self.size is not None and path != STDIN:
            # There may be more of them than can be open at once.
            self._reading.close()
            self._reading = None

    @property
    def bytes_read(self) -> int:
        """How far in the file reading is."""
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
    """The events of all the files, in their order. Iterate it once.

    A file that can't be read to its end holds up none after it: SourceError is raised when all have
    been read, and `broken` names such files then.
    """

    def __init__(self, files: Sequence[File]) -> None:
        self.files = files
        self.broken: list[str] = []
        self._errors: list[tuple[str, SourceError]] = []
        self._number = 0
        self._bytes_before = 0
        self._messages_before: Counter[str] = Counter()

    @property
    def current(self) -> File:
        """The file that is being read, in the end the last one."""
        return self.files[self._number]

    @property
    def number(self) -> int:
        """Its number, from 1 on."""
        return self._number + 1

    @property
    def size(self) -> int | None:
        """Bytes in all, as far as they can be known before reading."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def bytes_read(self) -> int:
        """How many of these were read."""
        return self._bytes_before + self.current.bytes_read

    @property
    def messages(self) -> Counter[str]:
        """What was held back, since it is no event."""
        # Of a copy, made at once: the thread that reads adds to them meanwhile.
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
            self._errors.append((self.current.name, error))

    def _tell_broken(self) -> None:
        self.broken = [name for name, _ in self._errors]
        if not self._errors:
            return
        _, first = self._errors[0]
        if len(self._errors) == 1:
            raise first
        told = "; ".join(str(error) for _, error in self._errors[:_MOST_TOLD])
        more = len(self._errors) - _MOST_TOLD
        raise SourceError(told + (f"; and {more:,} more files" if more > 0 else "")) from first

    def _go_to(self, number: int) -> None:
        if number:
            self._bytes_before += self.current.bytes_read
            self._messages_before = self.messages
        self._number = number


class ResumableFiles(FileSet[ResumableFile]):
    """The events of all the files that no earlier run has sent.

    `offset` counts on from file to file, in bytes or records as each file does, and is 0 where this
    run starts.
    """

    def __init__(self, files: Sequence[ResumableFile]) -> None:
        super().__init__(files)
        self.offset = 0
        self._starts: list[int] = []
        self._starts_in_file: list[int] = []
        self._kept = 0
        """So many files, counted from the first, are kept as sent."""

    @property
    def waiting(self) -> list[str]:
        """The files whose last line is to be sent by the next run."""
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
        """Make the next run start at `offset`; usable from any thread. Raises PositionError."""
        starts = self._starts[:]
        if not starts:
            self.files[0].keep(self.files[0].offset)
            return
        number = bisect_right(starts, offset) - 1
        while self._kept < number:
            self.files[self._kept].keep_end()
            self._kept += 1
        self.files[number].keep(self._starts_in_file[number] + offset - starts[number])
