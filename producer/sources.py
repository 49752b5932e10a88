"""Where records come from.

A source is any iterable of OutgoingRecord. It is read in a thread of its own, so it may block
for as long as it likes. A LiveSource, such as `producer.x`, can't be kept waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from producer.errors import SettingsError
from producer.files.reading import Reading, open_tweets
from producer.outgoing import OutgoingRecord

if TYPE_CHECKING:
    from tweets.fakes import Shape


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


def fake_source(
    *,
    seed: int,
    count: int | None,
    shape: Shape = "mixed",
    malformed: float = 0.0,
    duplicates: float = 0.0,
    start: int = 0,
) -> Iterator[OutgoingRecord]:
    """Generated tweets from the one at `start` on, always the same; no end if `count` is None.

    `malformed` and `duplicates` are the shares, 0 to 1, of tweets that such a record is added to.
    Raises SettingsError.
    """
    # Imported here: reading a file needs neither the generator nor what it imports.
    from tweets.fakes import records

    try:
        tweets = records(
            seed,
            count=count,
            shape=shape,
            malformed=malformed,
            duplicates=duplicates,
            start=start,
        )
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return (OutgoingRecord(tweet.data, tweet.partition_key) for tweet in tweets)


def file_source(path: str | Path, *, author: str | None = None) -> Iterator[OutgoingRecord]:
    """The tweets of a file, or of standard input for `-`, in whatever form `open_tweets` knows.

    Of NDJSON, each line is given byte for byte; the processor puts what is no tweet aside with its
    reason. The file is opened at once, so that a wrong path fails before anything is sent. Raises
    as `open_tweets` does.
    """
    return _records(open_tweets(path, author=author))


def _records(reading: Reading) -> Iterator[OutgoingRecord]:
    with closing(reading):
        for piece in reading:
            yield piece.record
