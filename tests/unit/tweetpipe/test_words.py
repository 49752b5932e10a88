from __future__ import annotations

import pytest

from tweetpipe.words import counted


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 queries"), (1, "1 query"), (1.0, "1 query"), (2, "2 queries"), (1234, "1,234 queries")],
)
def test_one_is_no_plural(number: float, words: str) -> None:
    assert counted(number, "query", "queries") == words


def test_a_regular_plural_needs_no_naming() -> None:
    assert (counted(1, "open shard"), counted(3, "open shard")) == ("1 open shard", "3 open shards")
