"""Shared by both shapes: JSON, positions of entities in a text, and truncation of long texts."""

from __future__ import annotations

from collections.abc import Iterable
from json import JSONEncoder

from tweets.fakes.model import Link, Tweet

SHORT_URL = "https://t.co/"

to_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Any value as compact JSON; characters beyond ASCII are not escaped."""


Mark = tuple[str, str]
"""An entity's mark in a text, and its members in JSON without the braces."""


def spans(text: str, marks: Iterable[str]) -> list[tuple[int, int]]:
    """Start and end, in code points, of each of `marks`, which `text` has in this order.

    Ends at the first missing mark, because the text may have been cut before it.
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


def found(text: str, marks: list[Mark]) -> list[tuple[str, tuple[int, int]]]:
    """The members of the entities that `text` has, with their positions."""
    places = spans(text, [mark for mark, _ in marks])
    return [(about, place) for (_, about), place in zip(marks, places, strict=False)]


def cut(tweet: Tweet, at: int) -> tuple[str, Link]:
    """The start of a tweet's text with a link to the rest, and that link."""
    rest = f"https://twitter.com/i/web/status/{tweet.id}"
    link = Link(f"{SHORT_URL}{tweet.id[-10:]}", rest)
    return f"{tweet.text[:at]}… {link.url}", link


def mark_of(link: Link) -> Mark:
    """A shortened link, its target, and how the target is shown."""
    address = link.expanded_url.removeprefix("https://")
    shown = address if len(address) <= 27 else f"{address[:26]}…"
    return link.url, (
        f'"url":{to_json(link.url)},"expanded_url":{to_json(link.expanded_url)},'
        f'"display_url":{to_json(shown)}'
    )
