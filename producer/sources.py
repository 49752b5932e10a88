"""Where records come from.

A source is any iterable of OutgoingRecord. It is read in a thread of its own, so it may block
for as long as it likes. A LiveSource can't be kept waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol, runtime_checkable

from producer.files.contents import Contents
from producer.files.reading import EVENTS, Reading, open_events
from producer.outgoing import OutgoingRecord


@runtime_checkable
class LiveSource(Protocol):
    """A source of what happens now, which drops records when it is not read."""

    def __iter__(self) -> Iterator[OutgoingRecord]: ...

    def finish(self) -> None:
        """End the iteration after what was read so far; called from another thread."""


@runtime_checkable
class ResumableSource(Protocol):
    """A source that can be read again from an offset, such as ResumableFile.

    `offset` is, before the first record, where reading starts, and then the end of the record that
    was given last. Offsets grow.
    """

    offset: int

    def __iter__(self) -> Iterator[OutgoingRecord]: ...

    def keep(self, offset: int) -> None:
        """Make the next run start at `offset`; called from another thread, with offsets given.

        Raises PositionError.
        """


def file_source(path: str | Path, *, contents: Contents = EVENTS) -> Iterator[OutgoingRecord]:
    """The events of a file, or of standard input for `-`, in whatever form `open_events` knows.

    Of lines, each is given byte for byte; the processor puts what is no event aside with its
    reason. The file is opened at once, so that a wrong path fails before anything is sent. Raises
    as `open_events` does.
    """
    return _records(open_events(path, contents=contents))


def _records(reading: Reading) -> Iterator[OutgoingRecord]:
    with closing(reading):
        for piece in reading:
            yield piece.record
