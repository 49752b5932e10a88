"""Where records come from.

A source is any iterable of OutgoingRecord. It is read in a separate thread, so it may block for any
time. A LiveSource loses records if it is not read in time.
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
    """A source of live events, which drops records if it is not read."""

    def __iter__(self) -> Iterator[OutgoingRecord]: ...

    def finish(self) -> None:
        """End the iteration after the records read so far; called from another thread."""


@runtime_checkable
class ResumableSource(Protocol):
    """A source that can be read again from an offset, such as ResumableFile.

    `offset` is where reading starts, and then the end of the last record returned. Offsets only
    grow.
    """

    offset: int

    def __iter__(self) -> Iterator[OutgoingRecord]: ...

    def keep(self, offset: int) -> None:
        """Save `offset` as the start of the next run; called from another thread.

        Raises PositionError.
        """


def file_source(path: str | Path, *, contents: Contents = EVENTS) -> Iterator[OutgoingRecord]:
    """The events of a file, or of standard input for `-`, in any format that `open_events` knows.

    Lines are passed on byte for byte; the processor rejects those that are not events. The file is
    opened at once, so that a wrong path fails before anything is sent. Raises like `open_events`.
    """
    return _records(open_events(path, contents=contents))


def _records(reading: Reading) -> Iterator[OutgoingRecord]:
    with closing(reading):
        for piece in reading:
            yield piece.record
