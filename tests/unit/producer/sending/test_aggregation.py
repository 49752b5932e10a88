from __future__ import annotations

import base64
import importlib
import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.aggregation import deaggregate
from producer.outgoing import OutgoingRecord
from producer.sending.aggregation import (
    PAYLOAD_UNIT,
    aggregated,
    hash_keys,
)
from producer.sending.batches import Group, Held, Parcel
from producer.sending.waiting import Waiting
from tweets import fakes

LAST_HASH_KEY = 2**128 - 1

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)
outgoing = st.lists(
    st.builds(
        OutgoingRecord,
        st.binary(max_size=300),
        st.sampled_from("abc") | keys,
        st.none(),
        st.just(True),
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture(scope="module")
def reference() -> Iterator[Any]:
    """AWS's own deaggregator; it puts itself on the path when it is imported."""
    path = sys.path.copy()
    yield importlib.import_module("aws_kinesis_agg.deaggregator")
    sys.path[:] = path


def read_by(reference: Any, data: bytes) -> list[dict[str, Any]]:
    kinesis = {
        "kinesisSchemaVersion": "1.0",
        "sequenceNumber": "1",
        "approximateArrivalTimestamp": 0.0,
        "partitionKey": "a",
        "data": base64.b64encode(data),
    }
    return [record["kinesis"] for record in reference.deaggregate_records([{"kinesis": kinesis}])]


def units(size: int) -> int:
    return -(-size // PAYLOAD_UNIT)


def parcels_of(records: Sequence[OutgoingRecord]) -> list[Parcel]:
    waiting = Waiting(call_records=1, max_bytes=1_000_000, linger=0.0, groups_from=0.0)
    for record in records:
        waiting.add(Held(record, size=record.size, since=0.0), 0.0)
    return waiting.clear()


def groups_of(records: Sequence[OutgoingRecord]) -> list[list[OutgoingRecord]]:
    return [[held.record for held in parcel.members] for parcel in parcels_of(records)]


def test_the_sender_looks_at_a_first_group_and_at_a_full_call() -> None:
    waiting = Waiting(call_records=3, max_bytes=1_000_000, linger=1.0, groups_from=0.0)
    fits, fills = OutgoingRecord(b"x", "k"), OutgoingRecord(b"x" * 51_200, "k")

    # Each record that fills a group closes the one before it; three groups make a call.
    looks = [
        waiting.add(Held(record, size=record.size, since=0.0), 0.0)
        for record in (fits, fits, fills, fills, fills)
    ]

    assert looks == [True, False, True, False, True]


@given(records=outgoing, hash_key=st.integers(0, LAST_HASH_KEY))
def test_what_aws_reads_are_the_same_records_with_the_hash_key(
    reference: Any, records: list[OutgoingRecord], hash_key: int
) -> None:
    found = read_by(reference, aggregated(records, hash_key=str(hash_key)))

    assert [
        OutgoingRecord(base64.b64decode(record["data"]), record["partitionKey"]) for record in found
    ] == records
    assert [record["subSequenceNumber"] for record in found] == list(range(len(records)))
    assert {record["explicitHashKey"] for record in found} == {str(hash_key)}


@given(outgoing)
def test_what_the_processor_reads_are_the_same_records(records: list[OutgoingRecord]) -> None:
    found = deaggregate(aggregated(records, hash_key="0"))

    assert found is not None
    assert [OutgoingRecord(record.data, record.partition_key) for record in found] == records


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 2_097_152])
def test_lengths_are_right_where_they_need_another_byte(reference: Any, size: int) -> None:
    records = [OutgoingRecord(b"x" * size, "k")] * 2

    found = read_by(reference, aggregated(records, hash_key="0"))

    assert [len(base64.b64decode(record["data"])) for record in found] == [size, size]


@given(
    st.lists(
        st.builds(
            lambda size, key: OutgoingRecord(b"x" * size, key),
            st.integers(0, 30) | st.integers(0, 30_000),
            keys,
        ),
        max_size=300,
    ),
)
def test_a_group_fits_into_a_payload_unit_whatever_it_holds(records: list[OutgoingRecord]) -> None:
    for group in groups_of(records):
        if len(group) > 1:
            hash_key = str(LAST_HASH_KEY)
            assert len(aggregated(group, hash_key=hash_key)) + len(hash_key) <= PAYLOAD_UNIT


@given(st.lists(st.integers(1, 40_000)))
def test_groups_hold_every_record_in_order_and_none_is_empty(sizes: list[int]) -> None:
    records = [OutgoingRecord(b"x" * (size - 1), "k") for size in sizes]

    groups = groups_of(records)

    assert [record for group in groups for record in group] == records
    assert all(groups)


def test_a_record_too_large_to_share_stands_alone() -> None:
    sizes = [1000, 1000, PAYLOAD_UNIT, 1000, 1000]
    records = [OutgoingRecord(b"x" * (size - 1), "k") for size in sizes]

    assert [len(group) for group in groups_of(records)] == [2, 1, 2]


@given(st.lists(st.integers(1, 60) | st.integers(1, 30_000), max_size=300))
def test_a_group_is_no_larger_than_it_is_taken_for(sizes: list[int]) -> None:
    for parcel in parcels_of([OutgoingRecord(b"x" * (size - 1), "k") for size in sizes]):
        data = [held.record for held in parcel.members]
        if isinstance(parcel, Group):
            hash_key = str(LAST_HASH_KEY)
            assert len(aggregated(data, hash_key=hash_key)) + len(hash_key) <= parcel.wire
        else:
            assert data[0].size == parcel.wire


def test_two_kilobytes_a_tweet_need_at_least_eight_times_fewer_payload_units() -> None:
    tweets = [
        OutgoingRecord(tweet.data, tweet.partition_key) for tweet in fakes.records(3, count=2000)
    ]
    single = sum(units(tweet.size) for tweet in tweets)

    together = sum(units(len(aggregated(group, hash_key="0"))) for group in groups_of(tweets))

    assert single >= 8 * together


@given(start=st.floats(0, 1, exclude_max=True), shards=st.integers(1, 40))
def test_hash_keys_spread_evenly_over_any_number_of_shards(start: float, shards: int) -> None:
    found = list(itertools.islice(hash_keys(start=start), 400))

    assert all(0 <= key <= LAST_HASH_KEY for key in found)
    of_shards = Counter(key * shards >> 128 for key in found)
    assert all(abs(of_shards[shard] - 400 / shards) < 4 for shard in range(shards))
