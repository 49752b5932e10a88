"""An endless or counted source of records, with duplicates and malformed ones mixed in."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import get_args

from producer.fakes import check, strewn
from tweets.fakes.generator import FakeTweets
from tweets.fakes.malformed import malformed as spoil
from tweets.fakes.model import FakeRecord, Shape


def records(
    seed: int,
    *,
    count: int | None,
    shape: Shape = "mixed",
    malformed: float = 0.0,
    duplicates: float = 0.0,
    start: int = 0,
) -> Iterator[FakeRecord]:
    """`count` tweets from index `start` on (None: endless), always the same.

    `malformed` and `duplicates` are the shares of tweets after which such a record is added, so the
    tweets depend only on seed, start, and count. A duplicate repeats, byte for byte, one of the
    last thousand tweets of this call, about half of the time the last one. Raises ValueError for an
    invalid setting at the call, not at the first record.
    """
    check(count, malformed, duplicates, start)
    if shape not in get_args(Shape):
        raise ValueError(f"shape must be one of {', '.join(get_args(Shape))}, not {shape}")
    indexes = itertools.count(start) if count is None else range(start, start + count)
    fakes = FakeTweets(seed)
    if not malformed and not duplicates:
        return map(fakes.record, indexes, itertools.repeat(shape))
    return _strewn(fakes, indexes, seed, shape, malformed, duplicates, start)


def _strewn(
    fakes: FakeTweets,
    indexes: Iterable[int],
    seed: int,
    shape: Shape,
    malformed: float,
    duplicates: float,
    start: int,
) -> Iterator[FakeRecord]:
    for kind, index, variety in strewn(indexes, seed, malformed, duplicates, start):
        if kind == "malformed":
            yield spoilt(fakes, index, shape, variety)
        elif kind == "duplicate":
            yield fakes.record(index, shape)._replace(kind="duplicate")
        else:
            yield fakes.record(index, shape)


def spoilt(fakes: FakeTweets, index: int, shape: Shape, variety: int) -> FakeRecord:
    """The malformed record that may follow a tweet, in one of many varieties."""
    # Made from an earlier tweet, so that no part of it belongs to a tweet of the stream.
    victim = fakes.tweet(-1 - index)
    return FakeRecord("malformed", index, spoil(victim, shape, variety), victim.author.screen_name)
