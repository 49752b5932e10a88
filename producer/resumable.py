"""A file that is read from where the last run stopped."""

from __future__ import annotations

import codecs
import os
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from producer.errors import DamagedError, PositionError, SettingsError, SourceError
from producer.files.contents import Contents
from producer.files.reading import EVENTS, Reading, open_events
from producer.files.unreadable import cannot_read
from producer.outgoing import OutgoingRecord
from producer.position import SavedPosition, fingerprint, load, position_path, save
from producer.undelivered import identity


class ResumableFile:
    """The events of a file from its saved position on, like `file_source`.

    The position is for one stream, and is saved at `position_path`. It is a byte offset in plain
    NDJSON, otherwise a count of records: `offset` is where reading starts, and then the end of the
    last record returned. `was_sent` says that earlier runs have sent the whole file, `is_done` that
    this is known without reading it.

    In plain NDJSON, a last line without a newline may still be being written: it is sent if it is a
    complete JSON object, and resent if it has changed by the next run; otherwise it waits for the
    next run, and `waits` is true.

    Raises SettingsError if it is not a regular file, SourceError if it can't be opened or read,
    PositionError if the position belongs to another file or stream. Iterate it once.
    """

    def __init__(self, path: str | Path, *, stream: str, contents: Contents = EVENTS) -> None:
        self.name = str(path)
        self.waits = False
        self.messages: Counter[str] = Counter()
        self._stream = stream
        self._contents = contents
        self._position_path = position_path(path)
        # The starts of unterminated lines that were returned, by their ends.
        self._unended: dict[int, int] = {}
        self._closing = threading.Lock()
        self._reading: Reading | None = None
        self._end: SavedPosition | None = None
        self._saved = load(self._position_path)
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise SettingsError(
                    f"--resume needs a regular file, and {path} is not one. Leave "
                    "out --resume, or save the input to a file first"
                )
        except OSError as error:
            raise cannot_read(path, error) from error
        with closing(open_events(path, contents=contents)) as look:
            self.is_plain = look.is_plain
            status = os.fstat(look.file.fileno())
            self._identity, self.size = identity(status), status.st_size
            self._whole = "" if self.is_plain else self._fingerprint(look, self.size, 0)
            self.offset = self._read_from = 0
            self.is_done = self.was_sent = False
            if self._saved is not None:
                self._go_to(self._saved, look)
            self._began = self._saved or self._position_at(0, look)

    @property
    def bytes_read(self) -> int:
        """How far in the file reading is."""
        if self.is_done:
            return self.size
        read = self._reading.bytes_read if self._reading else 0
        return read + self._read_from if self.is_plain else read

    def keep(self, offset: int) -> None:
        """Make the next run start at `offset`; usable from any thread. Raises PositionError."""
        reading, end = self._reading, self._end
        if end is not None and offset == self.offset:
            self._save(end)
        elif reading is None:
            self._save(self._began)
        else:
            with self._closing:
                position = None if reading.file.closed else self._position_at(offset, reading)
            if position is not None:
                self._save(position)

    def keep_end(self) -> None:
        """Mark the whole file as sent, once it was read to its end."""
        if self._end is not None:
            self._save(self._end)

    def close(self) -> None:
        """Close the file once all of it was read; then only its end can be saved."""
        if self._reading is not None:
            # The number of its descriptor may be reused at once.
            with self._closing:
                self._reading.close()

    def __iter__(self) -> Iterator[OutgoingRecord]:
        if self.is_done:
            self._end = self._began
            return
        self._reading = reading = self._open()
        for piece in reading:
            self.offset = piece.end
            if self.is_plain and piece.end == self._read_from + reading.bytes_read:
                self._note_unended(piece.start, piece.end, reading)
            yield piece.record
        if self.is_plain and self._size_of(reading) < self._read_from + reading.bytes_read:
            raise DamagedError(f"{self.name} got shorter while it was being read")
        self.waits, self.messages = reading.waits, reading.messages
        self._end = self._position_at(self.offset, reading, finished=not self.is_plain)

    def _open(self) -> Reading:
        reading = open_events(
            self.name, contents=self._contents, start=self._read_from, hold_unended=True
        )
        status = os.fstat(reading.file.fileno())
        if identity(status) != self._identity:
            reading.close()
            raise SourceError(f"{self.name} was replaced before it was read")
        return reading

    def _note_unended(self, start: int, end: int, reading: Reading) -> None:
        file = reading.file.fileno()
        if os.pread(file, 1, end - 1) != b"\n":
            has_mark = start == 3 and os.pread(file, 3, 0) == codecs.BOM_UTF8
            self._unended[end] = 0 if has_mark else start

    def _position_at(
        self, offset: int, reading: Reading, *, finished: bool = False
    ) -> SavedPosition:
        if not self.is_plain:
            return SavedPosition(
                stream=self._stream,
                offset=self.size,
                unended_bytes=0,
                fingerprint=self._whole,
                records=offset,
                finished=finished,
            )
        start = self._unended.get(offset, offset)
        return SavedPosition(
            stream=self._stream,
            offset=start,
            unended_bytes=offset - start,
            fingerprint=self._fingerprint(reading, start, offset - start),
        )

    def _save(self, position: SavedPosition) -> None:
        if position != self._saved:
            save(self._position_path, position)
            self._saved = position

    def _go_to(self, position: SavedPosition, look: Reading) -> None:
        if position.stream != self._stream:
            raise self._refusal(f"belongs to the stream {position.stream}, not {self._stream}")
        if position.end > self.size:
            raise self._refusal(f"is past the end of {self.name}, which was replaced or truncated")
        known = self._fingerprint(look, position.offset, position.unended_bytes)
        if known != position.fingerprint or (position.records is None) is not self.is_plain:
            raise self._refusal(f"does not fit {self.name}, which was replaced or changed")
        if position.records is not None:
            self.offset = self._read_from = position.records
            self.is_done = self.was_sent = position.finished and position.offset == self.size
            return
        self.offset = position.end
        self._read_from = position.offset
        self.was_sent = self.offset == self.size
        if position.unended_bytes:
            self._unended[position.end] = position.offset
            if self._is_end_of_line(position.end, look):
                self._read_from = position.end

    def _fingerprint(self, reading: Reading, offset: int, unended_bytes: int) -> str:
        try:
            return fingerprint(reading.file.fileno(), offset=offset, unended_bytes=unended_bytes)
        except OSError as error:
            raise PositionError(
                f"cannot read {self.name} again to identify it: {error.strerror}"
            ) from error

    def _refusal(self, reason: str) -> PositionError:
        return PositionError(
            f"the saved position in {self._position_path} {reason}. Delete that file to send "
            "everything again, or run without --resume"
        )

    @staticmethod
    def _is_end_of_line(offset: int, look: Reading) -> bool:
        following = os.pread(look.file.fileno(), 2, offset)
        return following in (b"", b"\r", b"\r\n") or following.startswith(b"\n")

    @staticmethod
    def _size_of(reading: Reading) -> int:
        return os.fstat(reading.file.fileno()).st_size
