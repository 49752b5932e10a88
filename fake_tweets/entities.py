"""What both shapes share: JSON strings, where entities stand in a text, how a text is cut."""

from __future__ import annotations

from collections.abc import Iterable
from json import JSONEncoder

from fake_tweets.model import Link, Tweet

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


def cut(tweet: Tweet, length: int) -> tuple[str, Link]:
    """The first `length` characters of a text with a link to the rest, and that link."""
    rest = Link(f"https://t.co/{tweet.id[-10:]}", f"https://twitter.com/i/web/status/{tweet.id}")
    return f"{tweet.text[:length]}… {rest.url}", rest


def display_url(link: Link) -> str:
    """A link's address as people see it."""
    address = link.expanded_url.removeprefix("https://")
    return address if len(address) <= 27 else f"{address[:26]}…"
