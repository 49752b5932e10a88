"""What both shapes share: JSON strings, templates, where entities stand in a text."""

from __future__ import annotations

from collections.abc import Iterable
from json import JSONEncoder

to_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Any value as compact JSON; characters beyond ASCII stay as they are."""


def spans(text: str, marks: Iterable[str]) -> list[tuple[int, int]]:
    """Start and end, in code points, of each of `marks`, which `text` has in this order.

    Ends at the first mark that is missing, as when the text was cut before it.
    """
    found = []
    end = 0
    for mark in marks:
        start = text.find(mark, end)
        if start < 0:
            break
        end = start + len(mark)
        found.append((start, end))
    return found


def inner_json(text: str) -> bytes:
    """`text` as it stands between the quotes of a JSON string."""
    return to_json(text)[1:-1].encode()


def escaped(text: bytes) -> bytes:
    """`text` as a part of a template, which the % operator fills in."""
    return text.replace(b"%", b"%%")


def destination(url: str) -> bytes:
    """Where a link leads, in full and as people see it, as both shapes have it."""
    address = url.removeprefix("https://")
    shown = address if len(address) <= 27 else f"{address[:26]}…"
    return f'"expanded_url":"{url}","display_url":"{shown}"'.encode()
