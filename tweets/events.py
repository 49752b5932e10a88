"""Tells tweetpipe's commands about tweets; `item` turns them into items in the function."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from producer.fakes import strewn
from tweets.files import contents
from tweets.oracle import expected_item as expected_of
from tweets.partition import author_in

if TYPE_CHECKING:
    from tweets.fakes import FakeTweets, Shape

__all__ = [
    "NAME",
    "SHAPES",
    "contents",
    "expected",
    "expected_of",
    "fake",
    "malformed",
    "partition_key",
    "shown",
]

NAME = "tweet"
SHAPES = ("mixed", "v1", "v2")

_SECOND = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z", re.ASCII)


def partition_key(data: bytes) -> str:
    """The author: all of an author's tweets are in one shard. Raises ValueError if unknown."""
    if author := author_in(data):
        return author
    raise ValueError("no author")


def fake(seed: int, index: int, shape: Shape = "mixed") -> tuple[bytes, str]:
    """A fake tweet in one of the SHAPES, and its partition key."""
    record = _fakes(seed).record(index, shape)
    return record.data, record.partition_key


def malformed(seed: int, index: int) -> bytes:
    """A malformed tweet that can't be stored."""
    from tweets.fakes.records import spoilt

    # Inserted in the same way everywhere, so that a seed always gives the same bytes.
    *_, (_, _, variety) = strewn([index], seed, 1.0, 0.0, index)
    return spoilt(_fakes(seed), index, "mixed", variety).data


def expected(seed: int, index: int) -> dict[str, Any]:
    """The item expected for a fake tweet."""
    from tweets.fakes import expected_item

    return {**expected_item(_fakes(seed).tweet(index))}


def shown(item: dict[str, Any]) -> tuple[str, str, str]:
    """The author, the time to the second if it has the stored format, and the text."""
    time = item.get("Timestamp", "")
    if found := _SECOND.fullmatch(time):
        time = f"{found[1]} {found[2]}Z"
    return item.get("Username", ""), time, item.get("Message", "")


@lru_cache(maxsize=2)
def _fakes(seed: int) -> FakeTweets:
    # Imported here, because most commands need neither the generator nor its imports.
    from tweets.fakes import FakeTweets

    return FakeTweets(seed)
