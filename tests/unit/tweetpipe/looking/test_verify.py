from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tweetpipe.stubs import stubbed_place
from tweetpipe.events import Item
from tweetpipe.looking import table, verify
from tweetpipe.looking.table import Key
from tweetpipe.looking.verify import Comparison


def item(number: int, message: str = "hello") -> Item:
    return {"Username": f"user{number % 3}", "Id": str(number), "Message": message}


def keyed(*items: Item) -> dict[Key, Item]:
    return {verify.key(it): it for it in items}


# What becomes of each item on its way into the table.
FATES = st.lists(st.sampled_from(["equal", "changed", "missing", "unexpected", "foreign"]))


@given(FATES, st.randoms(use_true_random=False))
def test_each_item_is_counted_once_for_what_became_of_it(fates: list[str], random: Random) -> None:
    of = {
        fate: [item(n) for n, what in enumerate(fates) if what == fate]
        for fate in ("equal", "changed", "missing", "unexpected", "foreign")
    }
    changed = [{**it, "Message": "other"} for it in of["changed"]]
    stored = [*of["equal"], *changed, *of["unexpected"], *of["foreign"]]
    random.shuffle(stored)

    found = verify.compare(
        keyed(*of["equal"], *of["changed"], *of["missing"]),
        stored,
        foreign=keyed(*of["foreign"]).keys(),
    )

    assert keyed(*found.missing) == keyed(*of["missing"])
    assert keyed(*found.unexpected) == keyed(*of["unexpected"])
    assert keyed(*(wanted for wanted, _ in found.different)) == keyed(*of["changed"])
    assert keyed(*(there for _, there in found.different)) == keyed(*changed)
    assert found.verified == len(of["equal"])
    assert found.is_equal == (set(fates) <= {"equal", "foreign"})


def test_an_additional_attribute_is_a_difference() -> None:
    found = verify.compare(keyed(item(1)), [{**item(1), "More": "x"}])

    assert len(found.different) == 1


def test_a_foreign_key_that_is_expected_is_still_compared() -> None:
    found = verify.compare(
        keyed(item(1)), [item(1, "stale")], foreign=frozenset({verify.key(item(1))})
    )

    assert len(found.different) == 1


def test_expected_items_depend_on_seed_and_count_alone() -> None:
    fewer, more = verify.expected_items(7, 5), verify.expected_items(7, 8)

    assert len(more) == 8
    assert list(more.items())[:5] == list(fewer.items())
    assert not verify.expected_items(8, 8).keys() & more.keys()


@dataclass
class FilledInTime:
    """A table whose items arrive at given seconds, and the clock that says when."""

    arrivals: list[tuple[float, Item]]
    now: float = 0.0
    progress: list[int] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def scan(self, *_: object) -> Iterator[Item]:
        return (it for at, it in self.arrivals if at <= self.now)

    def count_present(self, _place: object, _table: str, keys: list[Key]) -> int:
        return sum(verify.key(it) in keys for it in self.scan())


Wait = Callable[[FilledInTime, dict[Key, Item]], Comparison]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Waits with a patience of one second."""

    def wait(filled: FilledInTime, expected: dict[Key, Item]) -> Comparison:
        monkeypatch.setattr(table, "scan", filled.scan)
        monkeypatch.setattr(table, "count_present", filled.count_present)
        with stubbed_place() as place:
            return verify.wait_until_stored(
                place,
                "EventData",
                expected,
                patience=1.0,
                on_progress=filled.progress.append,
                clock=filled.clock,
                sleep=filled.sleep,
            )

    return wait


def test_the_wait_ends_soon_after_the_last_arrival(wait: Wait) -> None:
    filled = FilledInTime([(0.5 * n, item(n)) for n in range(1, 5)])
    found = wait(filled, keyed(*(it for _, it in filled.arrivals)))

    assert found.is_equal
    assert 2.0 <= filled.now < 3.0
    assert filled.progress[-1] == 4


def test_each_arrival_renews_the_patience_and_counts_in_the_end(wait: Wait) -> None:
    filled = FilledInTime([(0.9, item(1)), (1.8, item(2))])
    found = wait(filled, keyed(item(1), item(2), item(3)))

    assert found.missing == (item(3),)
    assert 2.8 <= filled.now < 4.0


def test_many_missing_items_are_waited_for_too(wait: Wait) -> None:
    filled = FilledInTime([(0.01 * n, item(n)) for n in range(300)])
    found = wait(filled, keyed(*(it for _, it in filled.arrivals)))

    assert found.is_equal


def test_a_difference_is_not_waited_for(wait: Wait) -> None:
    filled = FilledInTime([(0.0, item(1, "other"))])
    found = wait(filled, keyed(item(1)))

    assert not found.is_equal
    assert filled.now == 0.0
