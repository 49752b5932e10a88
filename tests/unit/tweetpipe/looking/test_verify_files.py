from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer import OutgoingRecord
from producer.outgoing import Origin
from tests.examples import examples
from tests.unit.tweetpipe.stubs import stubbed_place
from tweetpipe.events import Item
from tweetpipe.looking import table, verify_files
from tweetpipe.looking.table import Key
from tweetpipe.looking.verify import key
from tweetpipe.looking.verify_files import FileComparison, Sent, Unstorable

PATIENCE = 3.0


def item(number: int, message: str = "hello") -> Item:
    return {
        "Username": f"user{number % 3}",
        "Id": str(number),
        "Timestamp": "2019-05-03T08:09:10.000Z",
        "Message": message,
    }


def line(number: int, message: str = "hello") -> bytes:
    tweet = {"id_str": str(number), "text": message, "user": {"name": f"user{number % 3}"}}
    return json.dumps(tweet | {"created_at": "2019-05-03T08:09:10Z"}).encode()


def sent(*lines: bytes, file: str = "a.ndjson") -> list[OutgoingRecord]:
    return [
        OutgoingRecord(data, "key", Origin(file, number)) for number, data in enumerate(lines, 1)
    ]


@dataclass
class FilledInTime:
    """A table and dead letters that fill at given seconds, and the clock that says when."""

    items: list[tuple[float, Item]] = field(default_factory=list)
    letters: list[tuple[float, bytes | int]] = field(default_factory=list)
    now: float = 0.0
    asked: list[int] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def get_each(self, _place: object, _table: str, keys: Sequence[Key]) -> Iterator[Item]:
        assert 0 < len(keys) <= 100
        self.asked.append(len(keys))
        stored = {key(it): it for at, it in self.items if at <= self.now}
        return (stored[each] for each in keys if each in stored)

    def rejected(self) -> Iterable[bytes | int]:
        return [letter for at, letter in self.letters if at <= self.now]


Compare = Callable[[FilledInTime, list[OutgoingRecord]], FileComparison]


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch) -> Compare:
    def compare(filled: FilledInTime, records: list[OutgoingRecord]) -> FileComparison:
        monkeypatch.setattr(table, "get_each", filled.get_each)
        with stubbed_place() as place:
            return verify_files.compare_files(
                place,
                "EventData",
                lambda: records,
                rejected=filled.rejected,
                patience=PATIENCE,
                clock=filled.clock,
                sleep=filled.sleep,
            )

    return compare


def test_all_that_is_stored_is_verified_at_once(compare: Compare) -> None:
    filled = FilledInTime([(0.0, item(n)) for n in range(250)])

    found = compare(filled, sent(*(line(n) for n in range(250))))

    assert found == FileComparison(events=250)
    assert filled.asked == [100, 100, 50]
    assert filled.now == 0.0


def test_what_is_missing_or_differs_is_named_with_its_place(compare: Compare) -> None:
    filled = FilledInTime([(0.0, item(1)), (0.0, item(2, "other"))])
    records = sent(line(1), line(2)) + sent(line(3), file="b.ndjson")

    found = compare(filled, records)

    assert found == FileComparison(
        events=3,
        missing=1,
        different=1,
        first_missing=[Sent(Origin("b.ndjson", 1), item(3))],
        first_different=[(Sent(Origin("a.ndjson", 2), item(2)), item(2, "other"))],
    )
    assert found.verified == 1
    assert not found.is_equal


def test_each_arrival_renews_the_patience(compare: Compare) -> None:
    filled = FilledInTime([(2.5 * n, item(n)) for n in range(1, 5)])

    found = compare(filled, sent(*(line(n) for n in range(1, 6))))

    assert (found.verified, found.missing) == (4, 1)
    assert 13.0 <= filled.now < 14.0


def test_an_item_that_is_replaced_meanwhile_is_no_difference(compare: Compare) -> None:
    filled = FilledInTime([(0.0, item(1, "stale")), (1.0, item(1)), (1.5, item(2))])

    assert compare(filled, sent(line(1), line(2))).is_equal


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abc"))), st.randoms())
@settings(max_examples=examples(60))
def test_of_several_versions_of_a_tweet_any_may_be_stored(
    versions: list[tuple[int, str]], random: Random
) -> None:
    stored = {
        number: random.choice([m for n, m in versions if n == number]) for number, _ in versions
    }
    filled = FilledInTime([(0.0, item(number, message)) for number, message in stored.items()])
    with pytest.MonkeyPatch.context() as patch, stubbed_place() as place:
        patch.setattr(table, "get_each", filled.get_each)
        patch.setattr(verify_files, "_IN_HAND", 7)
        found = verify_files.compare_files(
            place,
            "EventData",
            lambda: sent(*(line(*version) for version in versions)),
            rejected=list,
            patience=0,
        )

    assert found == FileComparison(events=len(versions))


def test_few_tweets_are_in_hand_however_many_are_missing(
    compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_files, "_IN_HAND", 200)
    # The first ones never arrive, the last ones late.
    filled = FilledInTime([(n / 100, item(n)) for n in range(50, 600)])
    ahead = 0

    def records() -> Iterator[OutgoingRecord]:
        nonlocal ahead
        for n, each in enumerate(sent(*(line(n) for n in range(600)))):
            ahead = max(ahead, n - sum(at <= filled.now for at, _ in filled.items[:n]))
            yield each

    found = compare(filled, records())  # type: ignore[arg-type]

    assert (found.missing, found.different) == (50, 0)
    assert ahead <= 250


def test_what_can_never_be_stored_must_be_in_the_dead_letters(compare: Compare) -> None:
    long = b"x" * 300_000
    filled = FilledInTime(
        items=[(0.0, item(1))],
        letters=[(0.0, b"no tweet"), (0.0, b"of others"), (2.0, len(long)), (4.0, b"null")],
    )

    found = compare(filled, sent(b"no tweet", line(1), long, b"null", b"null", b"lost"))

    assert found == FileComparison(
        events=1, rejected=5, lost=1, first_lost=[Unstorable(Origin("a.ndjson", 6), 4)]
    )
    assert not found.is_equal
    assert 7.0 <= filled.now < 8.0


def test_a_dead_letter_without_the_data_stands_for_one_record_of_its_length(
    compare: Compare,
) -> None:
    records = sent(b"a" * 300, b"b" * 300, b"c" * 300, b"d" * 200, b"d" * 200)
    filled = FilledInTime(letters=[(0.0, 300), (0.0, 200), (2.0, 300)])

    found = compare(filled, records)

    assert (found.rejected, found.lost) == (5, 2)
    assert found.first_lost == [
        Unstorable(Origin("a.ndjson", 3), 300),
        Unstorable(Origin("a.ndjson", 4), 200),
    ]
    filled.letters += [(0.0, b"b" * 300), (0.0, 200)]
    assert compare(filled, records).is_equal


def test_an_additional_attribute_is_a_difference(compare: Compare) -> None:
    found = compare(FilledInTime([(0.0, item(1) | {"More": "x"})]), sent(line(1)))

    assert found.different == 1


def test_keys_that_dynamodb_left_over_are_asked_for_again() -> None:
    def wire(number: int) -> dict[str, dict[str, str]]:
        return {name: {"S": text} for name, text in item(number).items()}

    def asked(*numbers: int) -> dict[str, dict[str, object]]:
        keys = [{name: wire(n)[name] for name in ("Username", "Id")} for n in numbers]
        return {"EventData": {"Keys": keys, "ConsistentRead": True}}

    with stubbed_place("dynamodb") as place:
        for first, answered, left in (((1, 2), 1, asked(2)), ((2,), 2, {})):
            place.stubbers["dynamodb"].add_response(
                "batch_get_item",
                {"Responses": {"EventData": [wire(answered)]}, "UnprocessedKeys": left},
                {"RequestItems": asked(*first)},
            )
        found = table.get_each(place, "EventData", [key(item(1)), key(item(2))])

        assert list(found) == [item(1), item(2)]
