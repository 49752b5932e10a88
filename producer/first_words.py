"""Quotes the beginning of an unexpected response."""

from __future__ import annotations

import html
import re

_LONGEST = 80  # characters
_NOT_SHOWN = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>?", re.DOTALL | re.IGNORECASE)


def first_words(body: bytes | str) -> str:
    """The beginning of its text in quotes, without markup or terminal control characters."""
    text = body if isinstance(body, str) else body.decode(errors="replace")
    words = plain(html.unescape(_NOT_SHOWN.sub(" ", text)) if "<" in text else text)
    cut = words if len(words) <= _LONGEST else words[:_LONGEST].rsplit(" ", 1)[0] + "…"
    return f'"{cut}"' if cut else "nothing"


def plain(text: str) -> str:
    """Untrusted text as one line, without terminal control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
