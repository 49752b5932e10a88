"""Fake events, with duplicates and malformed ones mixed in; the same seed gives the same events."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Literal, Protocol

from producer.errors import SettingsError
from producer.outgoing import OutgoingRecord

Kind = Literal["event", "duplicate", "malformed"]

_DRAWS = struct.Struct("<5I")
_DRAWN = 1 << 32
_FARTHEST_REPEAT = 1000


class Fakes(Protocol):
    """What this needs from events: event `index` of `seed`, and one that can't be stored."""

    @property
    def fake(self) -> Callable[..., tuple[bytes, str]]: ...
    @property
    def malformed(self) -> Callable[[int, int], bytes] | None: ...
    @property
    def shapes(self) -> tuple[str, ...]: ...


def fake_source(
    events: Fakes,
    *,
    seed: int,
    count: int | None,
    shape: str | None = None,
    malformed: float = 0.0,
    duplicates: float = 0.0,
    start: int = 0,
) -> Iterator[OutgoingRecord]:
    """Fake events from `start` on, always the same; endless if `count` is None.

    `malformed` and `duplicates` are the shares, 0 to 1, of events that such a record is added to.
    Raises SettingsError.
    """
    try:
        check(count, malformed, duplicates, start)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    if malformed and events.malformed is None:
        raise SettingsError(
            "these events define no malformed(seed, index), so there are no "
            "malformed ones to send; leave out --malformed"
        )
    if shape is not None and shape not in events.shapes:
        known = " or ".join(filter(None, (", ".join(events.shapes[:-1]), *events.shapes[-1:])))
        way = f"Set --shape to {known}" if known else "These events have one. Leave out --shape"
        raise SettingsError(f"there is no shape {shape}. {way}")
    arguments = [] if shape is None else [shape]
    indexes = itertools.count(start) if count is None else range(start, start + count)
    if not malformed and not duplicates:
        return (OutgoingRecord(*events.fake(seed, index, *arguments)) for index in indexes)
    return _strewn(events, indexes, seed, arguments, malformed, duplicates, start)


def _strewn(
    events: Fakes,
    indexes: Iterable[int],
    seed: int,
    arguments: list[str],
    malformed: float,
    duplicates: float,
    start: int,
) -> Iterator[OutgoingRecord]:
    for kind, index, _ in strewn(indexes, seed, malformed, duplicates, start):
        data, key = events.fake(seed, index, *arguments)
        if kind == "malformed" and events.malformed is not None:
            data = events.malformed(seed, index)
        yield OutgoingRecord(data, key)


def strewn(
    indexes: Iterable[int], seed: int, malformed: float, duplicates: float, start: int
) -> Iterator[tuple[Kind, int, int]]:
    """The order of events: each index, what is added after it, and a random number.

    A duplicate repeats one of the last thousand events from `start` on, about half of the time the
    last one.
    """
    counter = blake2b(b"noise %d" % seed, digest_size=_DRAWS.size)
    for index in indexes:
        yield "event", index, 0
        draws = counter.copy()
        draws.update(index.to_bytes(8, "little"))
        repeat, nearest, back, spoilt, variety = _DRAWS.unpack(draws.digest())
        if repeat < duplicates * _DRAWN:
            reach = min(index - start, _FARTHEST_REPEAT)
            yield "duplicate", index if nearest % 2 else index - back % (reach + 1), variety
        if spoilt < malformed * _DRAWN:
            yield "malformed", index, variety


def check(count: int | None, malformed: float, duplicates: float, start: int) -> None:
    """Raise ValueError for an invalid setting."""
    if count is not None and count < 0:
        raise ValueError(f"count must be 0 or more, not {count}")
    if start < 0:
        raise ValueError(f"start must be 0 or more, not {start}")
    for name, share in (("malformed", malformed), ("duplicates", duplicates)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be between 0 and 1, not {share}")
