"""A file that is read on from where the last run left it."""

from __future__ import annotations

import json
import os
import stat
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from producer.errors import PositionError, SettingsError, SourceError
from producer.outgoing import Origin, OutgoingRecord, partition_key_of
from producer.position import SavedPosition, fingerprint, load, position_path, save
from producer.sources import blocks, data_of


class ResumableFile:
    """The lines of an NDJSON file from its kept position on, as `file_source` has them.

    The position holds for one stream, and is kept where `position_path` says. A last line without
    a newline may be still being written: it is given if it is a whole JSON object, and again when
    it has changed by the next run; otherwise it waits for the next run, and `waits` is true.

    Raises SettingsError for what is no ordinary file, SourceError when it can't be opened or read,
    PositionError when the position is not one of this file and stream. Iterate it once.
    """

    def __init__(self, path: str | Path, *, stream: str) -> None:
        self.waits = False
        self._name = str(path)
        self._stream = stream
        self._position_path = position_path(path)
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise SettingsError(f"--resume needs a file on the disk, which {path} is not")
            file = open(path, "rb", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}") from error
        # Not closed after the last line: `keep` reads the file that was sent, whatever has taken
        # its name meanwhile.
        weakref.finalize(self, file.close)
        self._file = file
        # Where unended lines that were given start, by where they end.
        self._unended: dict[int, int] = {}
        self.offset = 0
        self._read_from = 0
        if (position := load(self._position_path)) is not None:
            self._go_to(position)

    @property
    def size(self) -> int:
        """The file's size at the moment, in bytes."""
        return os.fstat(self._file.fileno()).st_size

    def keep(self, offset: int) -> None:
        """Make the next run start at `offset`; usable from any thread. Raises PositionError."""
        start = self._unended.get(offset, offset)
        unended_bytes = offset - start
        position = SavedPosition(
            stream=self._stream,
            offset=start,
            unended_bytes=unended_bytes,
            fingerprint=self._fingerprint(start, unended_bytes),
        )
        save(self._position_path, position)

    def __iter__(self) -> Iterator[OutgoingRecord]:
        start = began = self._read_from
        self._file.seek(start)
        at_start = start == 0
        number = 1
        rest = b""
        for lines, begun in blocks(self._file, name=self._name, offset=start):
            rest = begun
            for line in lines:
                start += len(line) + 1
                if data := data_of(line, at_start=at_start):
                    self.offset = start
                    origin = Origin(self._name, number, byte=began)
                    yield OutgoingRecord(data, partition_key_of(data), origin)
                at_start = False
                number += 1
        self._require_not_shorter(start + len(rest))
        if data := data_of(rest, at_start=at_start):
            self.waits = not _is_json_object(data)
            if not self.waits:
                self.offset = start + len(rest)
                self._unended[self.offset] = start
                origin = Origin(self._name, number, byte=began)
                yield OutgoingRecord(data, partition_key_of(data), origin)

    def _go_to(self, position: SavedPosition) -> None:
        if position.stream != self._stream:
            raise self._refusal(f"is that of the stream {position.stream}, not {self._stream}")
        if position.end > self.size:
            raise self._refusal(f"is past the end of {self._name}, which was replaced or cut")
        if self._fingerprint(position.offset, position.unended_bytes) != position.fingerprint:
            raise self._refusal(f"is not one in {self._name}, which was replaced or changed")
        self.offset = position.end
        self._read_from = position.offset
        if position.unended_bytes:
            self._unended[position.end] = position.offset
            if self._is_end_of_line(position.end):
                self._read_from = position.end

    def _fingerprint(self, offset: int, unended_bytes: int) -> str:
        try:
            return fingerprint(self._file.fileno(), offset=offset, unended_bytes=unended_bytes)
        except OSError as error:
            raise PositionError(
                f"cannot read {self._name} again to tell it by: {error.strerror}"
            ) from error

    def _refusal(self, reason: str) -> PositionError:
        return PositionError(
            f"the position in {self._position_path} {reason}: delete {self._position_path} "
            "to send the whole file, or run without --resume"
        )

    def _is_end_of_line(self, offset: int) -> bool:
        following = os.pread(self._file.fileno(), 2, offset)
        return following in (b"", b"\r", b"\r\n") or following.startswith(b"\n")

    def _require_not_shorter(self, offset: int) -> None:
        if self.size < offset:
            raise SourceError(f"{self._name} was cut short while it was read: send it whole again")


def _is_json_object(data: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads(data), dict)
    return False
