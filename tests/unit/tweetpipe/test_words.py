from __future__ import annotations

import pytest

from tweetpipe.words import counted, plural


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 mice"), (1, "1 mouse"), (1.0, "1 mouse"), (2, "2 mice"), (1234, "1,234 mice")],
)
def test_one_is_no_plural(number: float, words: str) -> None:
    assert counted(number, "mouse", "mice") == words


@pytest.mark.parametrize(
    ("thing", "things"),
    [
        ("tweet", "tweets"),
        ("query", "queries"),
        ("day", "days"),
        ("key", "keys"),
        ("bus", "buses"),
        ("click", "clicks"),
        ("switch", "switches"),
        ("push", "pushes"),
        ("box", "boxes"),
        ("house", "houses"),
        ("page view", "page views"),
    ],
)
def test_the_plural_is_the_regular_one(thing: str, things: str) -> None:
    assert plural(thing) == things


def test_a_regular_plural_needs_no_naming() -> None:
    assert (counted(1, "open shard"), counted(3, "open shard")) == ("1 open shard", "3 open shards")
