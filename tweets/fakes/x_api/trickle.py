"""Splits a line in the most awkward ways that a slow network could."""

from __future__ import annotations

from collections.abc import Iterator

_LONGEST = 48


def pieces(line: bytes) -> Iterator[bytes]:
    """Split inside characters of several bytes, inside the line end, and every few bytes."""
    start = 0
    for at in range(1, len(line)):
        inside_character = line[at] & 0xC0 == 0x80
        inside_line_end = line[at - 1 : at + 1] == b"\r\n"
        if inside_character or inside_line_end or at == 1 or at - start >= _LONGEST:
            yield line[start:at]
            start = at
    yield line[start:]
