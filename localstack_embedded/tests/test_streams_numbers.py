"""Sequence numbers: their form, their order, and what is not valid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localstack_embedded.plugin.streams import (
    Accepted,
    Entry,
    SequenceNumberError,
    StartingPosition,
    Stream,
    Streams,
)
from localstack_embedded.plugin.streams.numbers import END, START, base_of, number_of, parts_of

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
FIRST, SECOND = (f"shardId-{index:012d}" for index in range(2))

seconds = st.integers(0, 2**36 - 1)
shards = st.integers(0, 2**31 - 1)
positions = st.integers(START, END)


@given(seconds, shards, positions, seconds)
def test_a_number_has_56_digits_and_says_all_it_was_made_of(
    created: int, shard: int, position: int, second: int
) -> None:
    number = number_of(base_of(created, shard), position, second)
    assert len(number) == 56
    assert parts_of(number) == (created, shard, position, second)


@given(seconds, shards, st.tuples(positions, seconds), st.tuples(positions, seconds))
def test_numbers_grow_with_positions(
    created: int, shard: int, one: tuple[int, int], other: tuple[int, int]
) -> None:
    base = base_of(created, shard)
    first, second = sorted([one, other])
    assert int(number_of(base, *first)) <= int(number_of(base, *second))


@given(st.tuples(seconds, shards), st.tuples(seconds, shards))
def test_numbers_grow_from_a_shard_to_its_children(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    parent, child = sorted([one, other])
    if parent[0] < child[0]:
        end = number_of(base_of(*parent), END, 2**36 - 1)
        assert int(end) < int(number_of(base_of(*child), START, 0))


def test_a_number_of_aws_is_understood() -> None:
    # From Kinesis' documentation, for shardId-000000000000; it contains times.
    number = "49546986683135544286507457936321625675700192471156785154"
    created, shard, position, second = parts_of(number)
    assert shard == 0
    assert 1_400_000_000 < created < 1_500_000_000
    assert created <= second < 1_500_000_000
    assert position >= START


@pytest.fixture
def stream() -> Stream:
    return Streams(clock=lambda: 1_800_000_000.0).add(ARN, 2)


def number_in(stream: Stream, hash_key: int) -> str:
    (answer,) = stream.put([Entry(b"", "key", hash_key)])
    assert isinstance(answer, Accepted)
    return answer.sequence_number


def position_of(stream: Stream, number: str, shard_id: str = FIRST) -> int:
    return stream.position_of(shard_id, StartingPosition("AT_SEQUENCE_NUMBER", number))


def test_another_shards_number_is_none_of_this_one(stream: Stream) -> None:
    low, high = number_in(stream, 0), number_in(stream, 2**128 - 1)
    assert position_of(stream, low) == position_of(stream, high, SECOND) == 0
    for number, shard_id in ((high, FIRST), (low, SECOND)):
        with pytest.raises(SequenceNumberError) as caught:
            position_of(stream, number, shard_id)
        assert caught.value.number == number


def test_a_number_that_was_not_given_yet_is_none(stream: Stream) -> None:
    number_in(stream, 0)
    shard = stream.shards[FIRST]
    for position in (1, 2, 10**6, END):
        with pytest.raises(SequenceNumberError):
            position_of(stream, number_of(shard.base, position, 1_800_000_000))


@pytest.mark.parametrize(
    "number",
    ["", "0", "-1", "1", "x", " 1", "1_0", "٣", "9" * 56, "4" * 55, "4" * 5000, "+" + "4" * 55],
)
def test_what_is_no_number_at_all(stream: Stream, number: str) -> None:
    with pytest.raises(SequenceNumberError):
        position_of(stream, number)


def test_a_closed_shards_ending_number_leads_to_its_end(stream: Stream) -> None:
    number_in(stream, 0)
    assert stream.shards[FIRST].ending_sequence_number is None
    stream.merge(FIRST, SECOND)
    ending = stream.shards[FIRST].ending_sequence_number
    assert ending
    after = stream.position_of(FIRST, StartingPosition("AFTER_SEQUENCE_NUMBER", ending))
    assert position_of(stream, ending) == after == 1
    assert stream.read(FIRST, after) == ([], None, 0)
