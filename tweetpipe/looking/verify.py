"""Compares the items in EventData with the expected ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from tweetpipe import events
from tweetpipe.aws.place import Place
from tweetpipe.events import Item
from tweetpipe.events.contract import normal
from tweetpipe.looking import table
from tweetpipe.looking.table import Key

Expected = dict[Key, Item]

_POLL_EVERY = 0.2  # seconds
_SAMPLE = 50  # keys; BatchGetItem takes 100


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The differences between expected and stored items, by key."""

    expected: int
    missing: tuple[Item, ...] = ()
    unexpected: tuple[Item, ...] = ()
    different: tuple[tuple[Item, Item], ...] = field(default=())  # (expected, stored)

    @property
    def verified(self) -> int:
        """How many of the expected items are stored, equal in every field."""
        return self.expected - len(self.missing) - len(self.different)

    @property
    def is_equal(self) -> bool:
        return not (self.missing or self.unexpected or self.different)


def expected_items(seed: int, count: int) -> Expected:
    """The items expected from `produce fake --seed seed --count count`."""
    expected = events.chosen().expected
    items = (normal(expected(seed, index)) for index in range(count))
    return {key(item): item for item in items}


def key(item: Item) -> Key:
    return events.chosen().key_of(item)


def compare(
    expected: Expected,
    stored: Iterable[Item],
    *,
    foreign: AbstractSet[Key] = frozenset(),
) -> Comparison:
    """The missing, different, and unexpected items; ignores keys in `foreign`."""
    missing = dict(expected)
    unexpected: list[Item] = []
    different: list[tuple[Item, Item]] = []
    for item in stored:
        wanted = missing.pop(key(item), None)
        if wanted is None:
            if key(item) not in foreign:
                unexpected.append(item)
        elif wanted != item:
            different.append((wanted, item))
    return Comparison(
        expected=len(expected),
        missing=tuple(missing.values()),
        unexpected=tuple(unexpected),
        different=tuple(different),
    )


def wait_until_stored(
    place: Place,
    table_name: str,
    expected: Expected,
    *,
    patience: float,
    foreign: AbstractSet[Key] = frozenset(),
    on_progress: Callable[[int], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Comparison:
    """Compare once nothing is missing, or nothing has arrived for `patience` seconds.

    `on_progress` gets the approximate number of expected items stored.
    """
    fewest, last_arrival = len(expected) + 1, clock()
    while True:
        comparison = compare(expected, table.scan(place, table_name), foreign=foreign)
        missing = [key(item) for item in comparison.missing]
        on_progress(len(expected) - len(missing))
        if len(missing) < fewest:
            fewest, last_arrival = len(missing), clock()
        if not missing or clock() - last_arrival >= patience:
            return comparison
        # A scan reads the whole table, so only a sample is read between scans.
        sample = missing[:: max(1, len(missing) // _SAMPLE)][-_SAMPLE:]
        arrived = 0
        while arrived < len(sample) and clock() - last_arrival < patience:
            sleep(_POLL_EVERY)
            now = table.count_present(place, table_name, sample)
            if now > arrived:
                arrived, last_arrival = now, clock()
                fewest = len(missing) - arrived
            on_progress(len(expected) - len(missing) + len(missing) * arrived // len(sample))
