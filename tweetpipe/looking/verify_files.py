"""Compares EventData and the dead letters with what files of events must have become.

The files are read once, and the expected items are read by key: on AWS, that takes one read request
unit for each event of up to 4 KB, no matter what else the table holds. Memory holds a few thousand
events at a time, and a number for each difference.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

from producer import OutgoingRecord
from producer.outgoing import Origin
from tweetpipe import events
from tweetpipe.aws.place import Place
from tweetpipe.events import Item
from tweetpipe.events.contract import normal
from tweetpipe.looking import table
from tweetpipe.looking.table import Key
from tweetpipe.looking.verify import key

_AT_ONCE = 100  # keys that BatchGetItem takes
_IN_HAND = 2_000  # keys: so many at most are read ahead of what has arrived
_POLL_EVERY = 0.5  # seconds
_EXAMPLES = 100  # of each kind of difference


class Sent(NamedTuple):
    """What a record must have become; `origin` is its place in the file."""

    origin: Origin | None
    item: Item


class Unstorable(NamedTuple):
    """A record that the function must have rejected."""

    origin: Origin | None
    size: int


@dataclass(kw_only=True)
class FileComparison:
    """The result of the comparison, with the first hundred differences of each kind.

    `verified`, `missing`, and `different` add up to the events. If files have several versions of
    one key, any of them may be stored: order is not kept. `rejected` events can never be stored,
    and `lost` are those of them without a dead letter. `damaged` says why files can't be read to
    their end; the records before that are compared.
    """

    events: int = 0
    missing: int = 0
    different: int = 0
    rejected: int = 0
    lost: int = 0
    first_missing: list[Sent] = field(default_factory=list)
    first_different: list[tuple[Sent, Item]] = field(default_factory=list)
    first_lost: list[Unstorable] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)

    @property
    def verified(self) -> int:
        """How many events are stored, equal in every field."""
        return self.events - self.missing - self.different

    @property
    def is_equal(self) -> bool:
        return not (self.missing or self.different or self.lost or self.damaged)


def compare_files(
    place: Place,
    table_name: str,
    records: Callable[[], Iterable[OutgoingRecord]],
    *,
    rejected: Callable[[], Iterable[bytes | int]],
    patience: float,
    on_progress: Callable[[int], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> FileComparison:
    """Compare once nothing is missing, or nothing has arrived for `patience` seconds.

    `records` reads the files; if an item differs, it is called again to check whether another
    record matches the item. `rejected` yields the data in dead letters, or its length if a letter
    has no room for it. `on_progress` gets the number of records compared.
    """
    comparing = _Comparing(place, table_name, patience, clock, sleep)
    for count, record in enumerate(records(), 1):
        comparing.add(record)
        if len(comparing.pending) >= _IN_HAND:
            comparing.find(but=_IN_HAND // 2)
            on_progress(count - len(comparing.pending))
    comparing.find(but=0)
    if comparing.differing:
        comparing.look_again(records())
    comparing.tick_off(rejected)
    return comparing.found


class _Comparing:
    """The state of a comparison; `pending` events are not found in the table yet."""

    def __init__(
        self,
        place: Place,
        table_name: str,
        patience: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self.found = FileComparison()
        self.pending: dict[Key, list[Sent]] = {}
        # Counts records by the hash of their key: the key itself would take three times the memory.
        self.differing: Counter[int] = Counter()
        self._unstorable: dict[bytes, Unstorable] = {}
        self._copies: Counter[bytes] = Counter()
        self._place = place
        self._table_name = table_name
        self._patience = patience
        self._clock = clock
        self._sleep = sleep

    def add(self, record: OutgoingRecord) -> None:
        if sent := _sent(record):
            self.found.events += 1
            self.pending.setdefault(key(sent.item), []).append(sent)
        else:
            self.found.rejected += 1
            digest = _digest(record.data)
            self._unstorable.setdefault(digest, Unstorable(record.origin, len(record.data)))
            self._copies[digest] += 1

    def find(self, *, but: int) -> None:
        """Wait until all pending events `but` this many are found, or given up."""
        last_arrival = self._clock()
        while self.pending:
            before = len(self.pending)
            for wanted, stored in self._stored(self.pending):
                if wrong := sum(each.item != stored for each in wanted):
                    self.differing[hash(key(stored))] += wrong
            if len(self.pending) < before:
                last_arrival = self._clock()
            if len(self.pending) <= but:
                return
            if self._clock() - last_arrival >= self._patience:
                self._give_up()
            else:
                self._sleep(_POLL_EVERY)

    def look_again(self, records: Iterable[OutgoingRecord]) -> None:
        """Compare differing items with all records of the same key, and with what is stored now."""
        explained: set[int] = set()
        examples: dict[int, tuple[Sent, Item]] = {}
        said: dict[Key, list[Sent]] = {}

        def compare() -> None:
            for wanted, stored in self._stored(said):
                hashed = hash(key(stored))
                if any(each.item == stored for each in wanted):
                    explained.add(hashed)
                    examples.pop(hashed, None)
                elif hashed not in explained and len(examples) < _EXAMPLES:
                    examples[hashed] = wanted[0], stored
            said.clear()

        for sent in filter(None, map(_sent, records)):
            if hash(key(sent.item)) in self.differing:
                said.setdefault(key(sent.item), []).append(sent)
                if len(said) == _IN_HAND:
                    compare()
        compare()
        self.found.different = sum(
            count for hashed, count in self.differing.items() if hashed not in explained
        )
        self.found.first_different = list(examples.values())

    def tick_off(self, rejected: Callable[[], Iterable[bytes | int]]) -> None:
        """Wait until the rejected records are in dead letters, or none has arrived for long."""
        last_arrival = self._clock()
        sizes: Counter[int] = Counter()
        lost = self._not_among(sizes)
        while lost:
            # Each read returns the same letters again.
            seen: Counter[int] = Counter()
            for letter in rejected():
                if isinstance(letter, bytes):
                    self._unstorable.pop(_digest(letter), None)
                else:
                    seen[letter] += 1
            sizes |= seen
            before, lost = len(lost), self._not_among(sizes)
            if len(lost) < before:
                last_arrival = self._clock()
            elif self._clock() - last_arrival >= self._patience:
                break
            else:
                self._sleep(_POLL_EVERY)
        self.found.lost = len(lost)
        self.found.first_lost = lost[:_EXAMPLES]

    def _not_among(self, sizes: Counter[int]) -> list[Unstorable]:
        """Match letters with only a known size to one record each, and return the rest."""
        left, lost = sizes.copy(), []
        for digest, record in self._unstorable.items():
            if left[record.size] >= self._copies[digest]:
                left[record.size] -= self._copies[digest]
            else:
                lost.append(record)
        return lost

    def _stored(self, wanted: dict[Key, list[Sent]]) -> Iterator[tuple[list[Sent], Item]]:
        """Return the wanted entries that exist, and remove them from the wanted."""
        keys = iter([*wanted])
        while some := [*islice(keys, _AT_ONCE)]:
            for stored in table.get_each(self._place, self._table_name, some):
                yield wanted.pop(key(stored)), stored

    def _give_up(self) -> None:
        missing = [sent for each in self.pending.values() for sent in each]
        self.found.missing += len(missing)
        self.found.first_missing += missing[: _EXAMPLES - len(self.found.first_missing)]
        self.pending.clear()


def _sent(record: OutgoingRecord) -> Sent | None:
    item = events.chosen().expected_of(record.data)
    return None if item is None else Sent(record.origin, normal(item))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
