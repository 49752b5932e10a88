"""Follows sampled events until they are in the table, and measures the latency.

The table is polled, so an event's latency lies between the last poll that missed it and the first
that found it. Only events sampled soon after their arrival count: otherwise the quick ones would be
stored before the first poll. While events are sent a second time, they are already in the table,
and no latency can be measured.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from tweetpipe import events
from tweetpipe.events import Item, Shown
from tweetpipe.live.items import items_of
from tweetpipe.live.reads import Pace
from tweetpipe.live.shards import ShardSample
from tweetpipe.live.snapshot import MAX_NEWEST, Landed
from tweetpipe.looking.table import Key

_MAX_AWAITED = 300
_MAX_KNOWN = 2000
_MAX_LATENCIES = 500
_LATENCIES_FOR = 60.0  # seconds
# Seconds after which an event is a dead letter, if later ones of its shard have landed.
_OVERTAKEN = 30.0
_PATIENCE = 900.0  # seconds
_TEXT = 2000  # characters of a text that are kept


@dataclass(slots=True)
class _Awaited:
    """An event in transit; `missed` is its age at the last poll that missed it.

    It holds only what will be shown: a record may have a megabyte.
    """

    key: Key
    shown: Shown
    shard: str
    sequence_number: str
    arrived: float
    fresh: bool
    missed: float | None = None


class Landing:
    """The sampled events in transit, those that have landed, and their latencies."""

    def __init__(self, pace: Pace, *, newest: Sequence[Landed] = ()) -> None:
        self._pace = pace
        self._awaited: dict[Key, _Awaited] = {}
        self._known: OrderedDict[Key, None] = OrderedDict()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=_MAX_LATENCIES)
        self._newest: deque[Landed] = deque(reversed(newest), maxlen=MAX_NEWEST)
        self._arrivals: deque[float] = deque(maxlen=MAX_NEWEST)  # of those that landed last
        self.is_rewriting = False  # whether what is stored has been there before
        self._reached: dict[str, float] = {}  # by shard, the arrival of the newest that landed

    def expect(self, samples: Sequence[ShardSample], now: float) -> None:
        """Wait for the events in the newest samples."""
        newest = sorted(samples, key=lambda sample: sample.arrived)[-self._pace.samples :]
        # Look for it at once.
        within = 1.5 * self._pace.check
        for sample in newest:
            for item in items_of(sample.data):
                key = events.chosen().key_of(item)
                # A repeated event is already in the table, and would seem quick.
                if key not in self._known and len(self._awaited) < _MAX_AWAITED:
                    self._remember(key)
                    self._awaited[key] = _awaited(item, sample, now - sample.arrived <= within)

    def keys(self) -> list[Key]:
        """The events to look for now: those waiting longest."""
        return list(islice(self._awaited, self._pace.keys))

    def found(self, looked_for: Iterable[Key], present: set[Key], now: float) -> None:
        """Process the result of a poll."""
        for key in looked_for:
            awaited = self._awaited[key]
            age = max(now - awaited.arrived, 0.0)
            if key not in present:
                awaited.missed = age
                continue
            del self._awaited[key]
            self._land(awaited, age, now)
        self._give_up(now)

    def landed_of(self, since: float) -> int:
        """How many of the last landed events arrived in the stream after that moment."""
        return sum(arrived > since for arrived in self._arrivals)

    def newest(self) -> tuple[Landed, ...]:
        """The last landed events, newest first."""
        return tuple(reversed(self._newest))

    def latency(self, share: float, now: float) -> float | None:
        """The latency quantile of the last minute's events, in seconds."""
        if self.is_rewriting:
            self._latencies.clear()
        while self._latencies and self._latencies[0][0] < now - _LATENCIES_FOR:
            self._latencies.popleft()
        ordered = sorted(latency for _, latency in self._latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None

    def behind(self, shard: str, now: float) -> float | None:
        """The age of the oldest event on the shard that is not stored yet. 0 if all sampled events
        are stored, None if none was sampled yet.
        """
        waiting = [
            awaited.arrived
            for awaited in self._awaited.values()
            if awaited.shard == shard and awaited.missed is not None
        ]
        reached = self._reached.get(shard)
        later = [arrived for arrived in waiting if reached is None or arrived > reached]
        if later:
            return max(now - min(later), 0.0)
        return None if reached is None else 0.0

    def _land(self, awaited: _Awaited, age: float, now: float) -> None:
        missed = awaited.missed or 0.0
        between = (missed + age) / 2
        closely = age - missed <= max(2 * self._pace.check, age / 5)
        precise = awaited.fresh and closely and not self.is_rewriting
        if precise:
            self._latencies.append((now, between))
        self._arrivals.append(awaited.arrived)
        self._reached[awaited.shard] = max(self._reached.get(awaited.shard, 0.0), awaited.arrived)
        self._newest.append(
            Landed(
                key=(str(awaited.key[0]), str(awaited.key[1])),
                title=awaited.shown.title,
                time=awaited.shown.time,
                text=awaited.shown.text,
                shard=awaited.shard,
                sequence_number=awaited.sequence_number,
                latency_s=round(between, 3) if precise else None,
                landed_at=now,
            )
        )

    def _give_up(self, now: float) -> None:
        waited_for: set[str] = set()
        for key, awaited in list(self._awaited.items()):
            overtaken = self._reached.get(awaited.shard, 0.0) - awaited.arrived > _OVERTAKEN
            # Keep the oldest of a shard: until it lands, the function is behind.
            too_old = now - awaited.arrived > _PATIENCE and awaited.shard in waited_for
            if too_old or (overtaken and awaited.missed is not None):
                del self._awaited[key]
            else:
                waited_for.add(awaited.shard)

    def _remember(self, key: Key) -> None:
        self._known[key] = None
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)


def _awaited(item: Item, sample: ShardSample, fresh: bool) -> _Awaited:
    shown = events.chosen().show(item)
    if len(shown.text) > _TEXT:
        shown = shown._replace(text=f"{shown.text[:_TEXT]}…")
    return _Awaited(
        key=events.chosen().key_of(item),
        shown=shown,
        shard=sample.shard,
        sequence_number=sample.sequence_number,
        arrived=sample.arrived,
        fresh=fresh,
    )
