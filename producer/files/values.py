"""Reads JSON text of any length value by value, each with its original text."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from producer.errors import DamagedError, TooLongError
from producer.files.chunks import Chunks
from producer.outgoing import in_words

MAX_VALUE_CHARACTERS = 16 * 1024 * 1024

Value = tuple[object, str]
"""The parsed value, and its text."""

_decode = json.JSONDecoder().raw_decode
# Python parses no integer of more than 4,300 digits; the processor rejects only that event.
_decode_any_integer = json.JSONDecoder(parse_int=str).raw_decode
_SPACE = re.compile(r"[ \t\n\r]*")
_ASSIGNMENT = re.compile(r"(?:window|Grailbird)\.[\w.]+\s*=|;")
_LOOK = 256
_LONGEST_LITERAL = 16
_DEEPEST = 5  # arrays in each other


class Page(NamedTuple):
    """An object that only wraps an array: how it `begins`, and the array's `key`."""

    begins: re.Pattern[str]
    key: str


def values(
    chunks: Chunks,
    name: str,
    if_long: Callable[[str], str] = lambda _: "",
    *,
    page: Page | None = None,
) -> Iterator[Value]:
    """The values in a sequence of arrays, pages and objects, one after another.

    Arrays, including that of a `page`, are taken apart whatever their length; any other value must
    fit in memory. Raises DamagedError for invalid JSON, and TooLongError for a value that is too
    long, for which `if_long` says what to do.
    """
    text = _Text(chunks, name, if_long)
    while text.peek():
        if not text.matches(_ASSIGNMENT, take=True):
            yield from _taken_apart(text, page)


def members(text: str, at: int = 0) -> Iterator[tuple[str, int, int]]:
    """The keys of the object at `at`, each with the span of its value; the object must be valid."""
    at = _after_space(text, at + 1)
    while text[at] != "}":
        key, at = _decode(text, at)
        start = _after_space(text, _after_space(text, at) + 1)
        _, end = _decode_any_integer(text, start)
        yield key, start, end
        at = _after_comma(text, end)


def elements(text: str, at: int = 0) -> Iterator[str]:
    """The texts of the elements of the array at `at`; the array must be valid."""
    at = _after_space(text, at + 1)
    while text[at] != "]":
        _, end = _decode_any_integer(text, at)
        yield text[at:end]
        at = _after_comma(text, end)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _after_comma(text: str, at: int) -> int:
    at = _after_space(text, at)
    return _after_space(text, at + 1) if text[at] == "," else at


def _taken_apart(text: _Text, page: Page | None, depth: int = 0) -> Iterator[Value]:
    if text.peek() == "[" and depth < _DEEPEST:
        for _ in text.parts("[", "]"):
            yield from _taken_apart(text, page, depth + 1)
    elif page and text.matches(page.begins):
        for _ in text.parts("{", "}"):
            key, _ = text.value()
            text.take(":")
            if key == page.key and text.peek() == "[":
                yield from _taken_apart(text, page, depth + 1)
            else:
                text.value()
    else:
        yield text.value()


class _Text:
    """The rest of the text; only part of it is in memory."""

    def __init__(self, chunks: Chunks, name: str, if_long: Callable[[str], str]) -> None:
        self._chunks = iter(chunks)
        # Invalid UTF-8 is returned unchanged.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._name = name
        self._if_long = if_long
        self._text = ""
        self._at = 0
        self._ended = False
        self._lines = 0
        self._characters = 0

    def peek(self) -> str:
        """The next character that is not a space; empty at the end."""
        while True:
            self._at = _after_space(self._text, self._at)
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def take(self, character: str) -> None:
        """Skip the next character, which must be this one."""
        if self.peek() != character:
            raise self._broken(f"{character} is missing", self._at)
        self._at += 1

    def matches(self, pattern: re.Pattern[str], *, take: bool = False) -> bool:
        """Whether the pattern comes next; if so, skip it if asked to."""
        self.peek()
        while len(self._text) - self._at < _LOOK and not self._ended:
            self._read_on()
        found = pattern.match(self._text, self._at)
        if found and take:
            self._at = found.end()
        return found is not None

    def parts(self, opening: str, closing: str) -> Iterator[None]:
        """Iterate once for each element between the two; read the element in that iteration."""
        self.take(opening)
        if self.peek() == closing:
            return self.take(closing)
        while True:
            yield
            if self.peek() == closing:
                return self.take(closing)
            self.take(",")

    def value(self) -> Value:
        """The next value."""
        self.peek()
        while True:
            found = self._whole_value()
            if found is not None:
                content, end = found
                start, self._at = self._at, end
                return content, self._text[start:end]
            if len(self._text) - self._at > MAX_VALUE_CHARACTERS:
                raise TooLongError(
                    f"{in_words(self._name)} can't be read further: the value at "
                    f"{self._place(self._at)} is longer than {MAX_VALUE_CHARACTERS:,} characters. "
                    f"{self._if_long(self._name)}"
                )
            # Twice as much each time, so that a long value is not parsed over and over.
            self._read_on(len(self._text) - self._at)

    def _whole_value(self) -> tuple[object, int] | None:
        """The next value and its end; None if more must be read first."""
        try:
            try:
                content, end = _decode(self._text, self._at)
            except json.JSONDecodeError:
                raise
            except ValueError:
                content, end = _decode_any_integer(self._text, self._at)
        except json.JSONDecodeError as error:
            is_cut = error.msg.startswith("Unterminated string")
            if self._ended or (not is_cut and error.pos < len(self._text) - _LONGEST_LITERAL):
                raise self._broken(error.msg, error.pos, is_cut=is_cut) from error
            return None
        except RecursionError as error:
            raise self._broken("nested too deeply", self._at) from error
        # The rest of a number may still come.
        if end == len(self._text) and not self._ended and self._text[end - 1] not in '}]"':
            return None
        return content, end

    def _read_on(self, at_least: int = 1) -> None:
        """Drop what was read, and read more into memory."""
        passed = self._text[: self._at]
        if newlines := passed.count("\n"):
            self._lines += newlines
            self._characters = len(passed) - passed.rindex("\n") - 1
        else:
            self._characters += len(passed)
        parts, added = [self._text[self._at :]], 0
        while added < at_least and not self._ended:
            chunk = next(self._chunks, b"")
            self._ended = not chunk
            parts.append(self._decoder.decode(chunk, final=self._ended))
            added += len(parts[-1])
        self._text, self._at = "".join(parts), 0

    def _broken(self, reason: str, at: int, *, is_cut: bool = False) -> DamagedError:
        is_cut = self._ended and (is_cut or at >= len(self._text.rstrip()))
        what = "incomplete" if is_cut else "damaged"
        return DamagedError(
            f"{in_words(self._name)} is {what}: {self._place(at)} is not valid JSON ({reason})"
        )

    def _place(self, at: int) -> str:
        newlines = self._text.count("\n", 0, at)
        line = self._lines + newlines + 1
        character = at - self._text.rfind("\n", 0, at) if newlines else self._characters + at + 1
        return f"line {line:,}, character {character:,}"
