"""Decides from the first bytes how to read a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from producer.files.chunks import Chunks
from producer.files.refusals import require_text

LONGEST_FIRST_LINE = 4 * 1024 * 1024
"""Bytes: anything longer is a document, not a line."""

_MOST_BLANK = 64 * 1024
_decode = json.JSONDecoder().raw_decode


class Form(StrEnum):
    """The format of a file; all but LINES and DELIMITED are read as a document."""

    LINES = "NDJSON"
    DELIMITED = "length-prefixed lines"
    ARRAY = "JSON array"
    OBJECTS = "JSON objects"
    SCRIPT = "JSON in JavaScript"


def look(chunks: Chunks, name: str, require: Callable[[bytes, str, bool], None]) -> Form:
    """The format of a text, from as few bytes as needed.

    Raises SettingsError for data that can't be text, and whatever `require` raises for text that
    can't be events.
    """
    ended = False
    while True:
        text = chunks.head.lstrip()
        require_text(chunks.head, name, ended=ended)
        require(chunks.head, name, ended)
        if text and (form := _form_of(text, ended=ended)):
            return form
        if ended or (not text and len(chunks.head) > _MOST_BLANK):
            return Form.LINES
        ended = not chunks.more()


def _form_of(text: bytes, *, ended: bool) -> Form | None:
    """None if more bytes are needed."""
    for beginning in (b"window.", b"Grailbird."):
        if text.startswith(beginning):
            return Form.SCRIPT
        if beginning.startswith(text) and not ended:
            return None
    line, newline, rest = text.partition(b"\n")
    is_document = {b"[": Form.ARRAY, b"{": Form.OBJECTS}.get(text[:1])
    if not newline and not ended:
        return is_document if len(text) > LONGEST_FIRST_LINE else None
    following = rest.lstrip()
    if is_document is Form.ARRAY:
        return _form_of_array(line, following, ended=ended)
    if is_document is Form.OBJECTS:
        return _form_of_object(line, following, ended=ended)
    if line.strip().isdigit():
        return _form_of_number(line.strip(), following, ended=ended)
    return Form.LINES


def _form_of_array(line: bytes, following: bytes, *, ended: bool) -> Form | None:
    if not _is_json(line):
        return Form.ARRAY
    if not following and not ended:
        return None
    # A line that is not an event, before others; or arrays, one after another.
    return Form.LINES if following.startswith(b"{") else Form.ARRAY


def _form_of_object(line: bytes, following: bytes, *, ended: bool) -> Form | None:
    if not _goes_on(line):
        return Form.OBJECTS if _are_several(line) else Form.LINES
    if not following:
        return Form.LINES if ended else None
    # If no object can follow, the first line is broken, and this is the second.
    is_second = following.startswith(b"{") and not _goes_on(line.rstrip() + b"{")
    return Form.LINES if is_second else Form.OBJECTS


def _form_of_number(number: bytes, following: bytes, *, ended: bool) -> Form | None:
    if not following.startswith(b"{"):
        return Form.LINES if following or ended else None
    line, newline, _ = following.partition(b"\n")
    if not newline and not ended and len(line) < LONGEST_FIRST_LINE:
        return None
    # The length includes the line's end, which may be \r\n.
    line = line.removesuffix(b"\r")
    lengths = {len(line), len(line.decode(errors="replace"))}
    is_length = len(number) < 9 and any(0 <= int(number) - length <= 2 for length in lengths)
    return Form.DELIMITED if is_length else Form.LINES


def _is_json(line: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        json.loads(line)
        return True
    return False


def _are_several(line: bytes) -> bool:
    """Whether the line begins with two JSON objects, as from a program that adds no newlines."""
    text = line.decode("utf-8", "surrogateescape")
    with suppress(ValueError, RecursionError):
        _, end = _decode(text)
        following = text[end:].lstrip()
        return following.startswith("{") and bool(_decode(following))
    return False


def _goes_on(line: bytes) -> bool:
    """Whether the line is the beginning of a JSON value that continues on the next."""
    text = line.decode("utf-8", "surrogateescape").rstrip()
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text)
    except (ValueError, RecursionError):
        pass
    return False
