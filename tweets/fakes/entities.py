"""Shared by both shapes: JSON, positions of entities in a text, and cutting of long texts."""

from __future__ import annotations

from collections.abc import Iterable
from json import JSONEncoder

from tweets.fakes.model import Link, Tweet

SHORT_URL = "https://t.co/"

to_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Any value as compact JSON; characters beyond ASCII stay as they are."""


Mark = tuple[str, str]
"""How an entity stands in a text, and what is said of it: the inside of a JSON object."""


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


def found(text: str, marks: list[Mark]) -> list[tuple[str, tuple[int, int]]]:
    """What is said of the entities of a kind that `text` has, with their places."""
    places = spans(text, [mark for mark, _ in marks])
    return [(about, place) for (_, about), place in zip(marks, places, strict=False)]


def cut(tweet: Tweet, at: int) -> tuple[str, Link]:
    """The start of a tweet's text with a link to the rest, and that link."""
    rest = f"https://twitter.com/i/web/status/{tweet.id}"
    link = Link(f"{SHORT_URL}{tweet.id[-10:]}", rest)
    return f"{tweet.text[:at]}… {link.url}", link


def mark_of(link: Link) -> Mark:
    """A link as it is, where it leads, and how people see that."""
    address = link.expanded_url.removeprefix("https://")
    shown = address if len(address) <= 27 else f"{address[:26]}…"
    return link.url, (
        f'"url":{to_json(link.url)},"expanded_url":{to_json(link.expanded_url)},'
        f'"display_url":{to_json(shown)}'
    )
