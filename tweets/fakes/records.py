"""An endless or counted source of records, with duplicates and malformed ones strewn in."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import get_args

from tweets.fakes.generator import FakeTweets
from tweets.fakes.malformed import malformed as spoil
from tweets.fakes.model import FakeRecord, Shape

_DRAWS = struct.Struct("<5I")
_DRAWN = 1 << 32
_FARTHEST_REPEAT = 1000


def records(
    seed: int,
    *,
    count: int | None,
    shape: Shape = "mixed",
    malformed: float = 0.0,
    duplicates: float = 0.0,
    start: int = 0,
) -> Iterator[FakeRecord]:
    """`count` tweets from index `start` on (None: without end), always the same.

    `malformed` and `duplicates` are the shares of tweets after which such a record is added, so
    the tweets depend on seed, start and count alone. A duplicate repeats, byte for byte, one of the
    last thousand tweets of this call, about half of the time the very last. Raises ValueError at
    the call, not at the first record, for a setting that makes no sense.
    """
    _check(count, shape, malformed, duplicates, start)
    indexes = itertools.count(start) if count is None else range(start, start + count)
    fakes = FakeTweets(seed)
    if not malformed and not duplicates:
        return map(fakes.record, indexes, itertools.repeat(shape))
    return _strewn(fakes, indexes, seed, shape, malformed * _DRAWN, duplicates * _DRAWN, start)


def _strewn(
    fakes: FakeTweets,
    indexes: Iterable[int],
    seed: int,
    shape: Shape,
    malformed: float,
    duplicates: float,
    start: int,
) -> Iterator[FakeRecord]:
    counter = blake2b(b"noise %d" % seed, digest_size=_DRAWS.size)
    for index in indexes:
        yield fakes.record(index, shape)
        draws = counter.copy()
        draws.update(index.to_bytes(8, "little"))
        repeat, nearest, back, spoilt, variety = _DRAWS.unpack(draws.digest())
        if repeat < duplicates:
            reach = min(index - start, _FARTHEST_REPEAT)
            repeated = index if nearest % 2 else index - back % (reach + 1)
            yield fakes.record(repeated, shape)._replace(kind="duplicate")
        if spoilt < malformed:
            # Of a past tweet: whatever is taken out of it belongs to no tweet of the stream.
            victim = fakes.tweet(-1 - index)
            data = spoil(victim, shape, variety)
            yield FakeRecord("malformed", index, data, victim.author.screen_name)


def _check(
    count: int | None, shape: Shape, malformed: float, duplicates: float, start: int
) -> None:
    if count is not None and count < 0:
        raise ValueError(f"count must be 0 or more, not {count}")
    if start < 0:
        raise ValueError(f"start must be 0 or more, not {start}")
    for name, share in (("malformed", malformed), ("duplicates", duplicates)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be between 0 and 1, not {share}")
    if shape not in get_args(Shape):
        raise ValueError(f"shape must be one of {', '.join(get_args(Shape))}, not {shape}")
