"""Reads events from a file in any supported format, one record for each event."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import weakref
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from producer.errors import SourceError, TooLongError
from producer.files.chunks import Chunks, raw_chunks
from producer.files.compression import decompressed
from producer.files.contents import Contents
from producer.files.look import Form, look
from producer.files.text import in_utf8
from producer.files.unreadable import cannot_read
from producer.files.values import values
from producer.outgoing import STDIN, Origin, OutgoingRecord, in_words

MAX_LINE_BYTES = 16 * 1024 * 1024
"""No stream accepts a record over 10 MiB, so a longer line can't be NDJSON."""

BLANK_LINE = "blank line"

EVENTS = Contents()
"""Any events, without partition keys."""

_LINE_END = re.compile(r"[\r\n]\s*")


class Piece(NamedTuple):
    """One record, and where a run that resumes after it starts."""

    record: OutgoingRecord
    end: int
    start: int


def open_events(
    path: str | Path,
    *,
    contents: Contents = EVENTS,
    start: int = 0,
    hold_unended: bool = False,
) -> Reading:
    """Open a file, or standard input for `-`, and detect its format.

    Raises SettingsError if it can't hold events: at once for a regular file, otherwise when it is
    read. Raises SourceError if it can't be opened or read.

    `contents` interprets its values. `start` resumes a run, at the `end` of a piece from an earlier
    one. With `hold_unended`, a last NDJSON line that has no newline and is not a complete JSON
    object is left for later.
    """
    # Unbuffered: a record is passed on as soon as it arrives, and a thread still reading standard
    # input holds no lock that the interpreter needs to exit.
    try:
        if str(path) == STDIN:
            file = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115
        else:
            file = open(path, "rb", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise cannot_read(in_words(str(path)), error) from error
    reading = Reading(file, str(path), contents=contents, start=start, hold_unended=hold_unended)
    if reading.size is not None:
        try:
            reading.look()
        except BaseException:
            reading.close()
            raise
    return reading


def held_back(messages: Counter[str]) -> str:
    """Describe what was not sent, such as "2 deletes, 1 limit notice"; empty if nothing."""
    counts = sorted(dict(messages).items())
    return ", ".join(f"{n:,} {name if n == 1 else f'{name}s'}" for name, n in counts if n)


class Reading:
    """The events of one file; made by `open_events`, and iterated once.

    `form` describes the format, once it is known. If the file `is_plain`, piece ends are offsets in
    the file, otherwise they count pieces. `messages` counts, by name, the messages that are not
    events; they are not returned.
    """

    def __init__(
        self,
        file: io.FileIO,
        name: str,
        *,
        contents: Contents = EVENTS,
        start: int = 0,
        hold_unended: bool = False,
    ) -> None:
        self.file = file
        weakref.finalize(self, file.close)
        self.form = ""
        self.is_plain = False
        self.bytes_read = 0
        self.waits = False
        self.messages: Counter[str] = Counter()
        self._name = name
        self._contents = contents
        self._start = start
        self._hold_unended = hold_unended
        self._form = Form.LINES
        self._chunks: Chunks | None = None
        self._begin = 0

    @property
    def size(self) -> int | None:
        """The file's current size in bytes; None if it has none, such as a pipe."""
        status = os.fstat(self.file.fileno())
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self.file.close()

    def look(self) -> None:
        """Detect the file's format; done once, by the first caller. Raises SettingsError."""
        if self._chunks is not None:
            return
        raw = Chunks(self._raw())
        compressions, chunks = decompressed(raw, self._name)
        encoding, text = in_utf8(chunks, self._name)
        mark = self.bytes_read - len(text.head) if text is raw else 0
        self._form = look(text, self._name, self._contents.require)
        is_utf8 = encoding == "UTF-8"
        self.form = ", ".join([*compressions, *([] if is_utf8 else [encoding]), self._form])
        self.is_plain = (
            self._form is Form.LINES and not compressions and is_utf8 and self.size is not None
        )
        if self.is_plain:
            self._begin = mark
            if self._start > mark:
                self.file.seek(self._start)
                self.bytes_read = 0
                self._begin, text = self._start, Chunks(self._raw())
        self._chunks = text

    def __iter__(self) -> Iterator[Piece]:
        return self._in_lines() if self.is_plain else self._counted()

    def _counted(self) -> Iterator[Piece]:
        self.look()
        pieces = self._in_lines() if self._form in (Form.LINES, Form.DELIMITED) else self._values()
        for given, piece in enumerate(pieces, start=1):
            if given > self._start:
                yield Piece(piece.record, given, given - 1)
            elif given == self._start:
                # An earlier run counted these.
                self.messages.clear()

    def _raw(self) -> Iterator[bytes]:
        try:
            for chunk in raw_chunks(self.file):
                self.bytes_read += len(chunk)
                yield chunk
        except OSError as error:
            failed = SourceError(f"reading {in_words(self._name)} failed: {error.strerror}")
            failed.advice = "Make sure that it can be read to the end"
            raise failed from error

    def _in_lines(self) -> Iterator[Piece]:
        is_delimited = self._form is Form.DELIMITED
        is_read, is_event = self._contents.is_read, self._contents.is_event
        record = self._contents.record
        began = self._start if self.is_plain else 0
        end, number, blank = self._begin, 0, 0
        for lines, is_last in self._blocks(began):
            for line in lines:
                start, end = end, end + len(line) + (not is_last)
                number += 1
                if not line or line.isspace():
                    blank += not is_last
                    continue
                if blank:
                    self.messages[BLANK_LINE] += blank
                    blank = 0
                data = line.removesuffix(b"\r")
                if is_delimited and data.isdigit():
                    continue
                content = _content_of(data) if is_read or is_last else None
                if is_last and self._hold_unended and not isinstance(content, dict):
                    self.waits = True
                    return
                origin = Origin(self._name, number, byte=began)
                if is_event(content):
                    yield Piece(record(content, data, origin), end, start)
                else:
                    yield from self._of_line(content, data, origin, start, end)

    def _of_line(
        self, content: object, data: bytes, origin: Origin, start: int, end: int
    ) -> Iterator[Piece]:
        """The events in a line, which may itself not be one."""
        if not isinstance(content, dict):
            yield Piece(self._contents.record(content, data, origin), end, start)
            return
        text = data.decode("utf-8", "surrogateescape")
        found = self._contents.taken_apart(content, text, self.messages)
        for left, (event, part) in enumerate(found, start=1 - len(found)):
            given = data if event is content else part.encode("utf-8", "surrogateescape")
            record = self._contents.record(event, given, origin)
            # A run resumed in the middle of a line starts at the line.
            yield Piece(record, start if left else end, start)

    def _blocks(self, began: int) -> Iterator[tuple[list[bytes], bool]]:
        """The lines that end in each read, without newlines; and the rest at the end."""
        assert self._chunks is not None
        number, rest = 0, b""
        for chunk in self._chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            number += len(lines)
            yield lines, False
            if len(rest) > MAX_LINE_BYTES:
                origin = Origin(self._name, number + 1, byte=began)
                raise TooLongError(
                    f"{origin} is longer than {MAX_LINE_BYTES:,} bytes, more than any "
                    f"{self._contents.noun} can have. {self._contents.if_long(self._name)}"
                )
        if rest:
            yield [rest], True

    def _values(self) -> Iterator[Piece]:
        assert self._chunks is not None
        number = 0
        for content, text in values(
            self._chunks, self._name, self._contents.if_long, page=self._contents.page
        ):
            if number == 0 and (refusal := self._contents.refusal(content, self._name)):
                raise refusal
            for event, part in self._contents.taken_apart(content, text, self.messages):
                number += 1
                origin = Origin(self._name, number, unit=self._contents.noun)
                yield Piece(self._contents.record(event, _in_one_line(part), origin), 0, 0)


def _in_one_line(text: str) -> bytes:
    if "\n" in text or "\r" in text:
        # Only between values: in a string, a line's end is always escaped.
        text = _LINE_END.sub("", text)
    return text.encode("utf-8", "surrogateescape")


def _content_of(data: bytes) -> object:
    # Not contextlib.suppress, which takes longer than everything else here.
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
