from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tweets import events
from tweets.fakes import FakeTweets, Shape, records

shares = st.floats(min_value=0, max_value=1)
shapes: st.SearchStrategy[Shape] = st.sampled_from(["v1", "v2", "mixed"])


@settings(max_examples=examples(30))
@given(
    seed=st.integers(min_value=0, max_value=1000),
    count=st.integers(min_value=0, max_value=60),
    start=st.integers(min_value=0, max_value=2**33),
    shape=shapes,
    malformed=shares,
    duplicates=shares,
)
def test_the_tweets_depend_on_seed_start_and_count_alone(
    seed: int, count: int, start: int, shape: Shape, malformed: float, duplicates: float
) -> None:
    found = list(
        records(
            seed,
            count=count,
            start=start,
            shape=shape,
            malformed=malformed,
            duplicates=duplicates,
        )
    )
    fakes = FakeTweets(seed)
    assert [record for record in found if record.kind == "tweet"] == [
        fakes.record(index, shape) for index in range(start, start + count)
    ]


@settings(max_examples=examples(30))
@given(
    seed=st.integers(min_value=0, max_value=1000),
    start=st.integers(min_value=0, max_value=2**33),
    shape=shapes,
)
def test_a_duplicate_repeats_a_tweet_that_was_sent_before(
    seed: int, start: int, shape: Shape
) -> None:
    sent = {}
    for record in records(seed, count=50, start=start, shape=shape, duplicates=1.0):
        if record.kind == "tweet":
            sent[record.index] = record
        else:
            original = sent[record.index]
            assert (record.data, record.partition_key) == (original.data, original.partition_key)


def test_some_duplicates_follow_directly_and_some_later() -> None:
    stream = list(records(7, count=2000, duplicates=0.2))
    behind = [
        before.index - record.index
        for before, record in itertools.pairwise(stream)
        if record.kind == "duplicate"
    ]
    assert 300 < len(behind) < 500
    assert 0.4 < behind.count(0) / len(behind) < 0.6
    assert 100 < max(behind) <= 1000


@pytest.mark.parametrize("share", [0.01, 0.3])
@pytest.mark.parametrize("kind", ["malformed", "duplicates"])
def test_about_as_many_are_added_as_asked_for(kind: str, share: float) -> None:
    options: dict[str, Any] = {kind: share}
    extra = sum(record.kind != "tweet" for record in records(7, count=4000, **options))
    assert 0.7 * share < extra / 4000 < 1.3 * share


def test_the_same_call_gives_the_same_stream() -> None:
    options: dict[str, Any] = {"count": 300, "malformed": 0.1, "duplicates": 0.1}
    assert list(records(7, **options)) == list(records(7, **options))


def test_noise_is_added_without_moving_other_noise() -> None:
    both = list(records(7, count=500, malformed=0.2, duplicates=0.2))
    malformed = [record for record in both if record.kind != "duplicate"]
    duplicates = [record for record in both if record.kind != "malformed"]
    assert malformed == list(records(7, count=500, malformed=0.2))
    assert duplicates == list(records(7, count=500, duplicates=0.2))


def test_no_count_means_no_end() -> None:
    endless = records(7, count=None, shape="v2")
    assert list(itertools.islice(endless, 100)) == list(records(7, count=100, shape="v2"))


def test_a_count_of_zero_gives_nothing() -> None:
    assert list(records(7, count=0, malformed=1.0, duplicates=1.0)) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"count": -1}, "count"),
        ({"count": 1, "start": -1}, "start"),
        ({"count": 1, "malformed": 1.1}, "malformed"),
        ({"count": 1, "duplicates": -0.1}, "duplicates"),
        ({"count": 1, "duplicates": float("nan")}, "duplicates"),
        ({"count": 1, "shape": "v3"}, "shape"),
    ],
)
def test_a_bad_setting_is_named_before_the_first_record(
    options: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=f"^{named} must be"):
        records(7, **options)


def test_memory_does_not_grow_with_the_number_of_records() -> None:
    stream = records(7, count=None, malformed=0.01, duplicates=0.01)
    for _ in itertools.islice(stream, 3_000):
        pass
    tracemalloc.start()
    try:
        made = sum(len(record.data) for record in itertools.islice(stream, 2_000))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The latest records replace others; what else runs in this process may take some, too.
    assert grown < made / 3


def test_a_malformed_tweet_of_the_events_is_the_one_that_is_strewn_in() -> None:
    strewn_in = {
        record.index: record.data
        for record in records(7, count=50, malformed=1.0)
        if record.kind == "malformed"
    }
    assert strewn_in == {index: events.malformed(7, index) for index in range(50)}
