from __future__ import annotations

import base64
import importlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fake_tweets
from processor.aggregation import deaggregate
from producer.aggregation import (
    PAYLOAD_UNIT,
    aggregated,
    call_limits,
    group_sizes,
    hash_keys,
)
from producer.batches import Held, Waiting
from producer.outgoing import OutgoingRecord

LAST_HASH_KEY = 2**128 - 1

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)
outgoing = st.lists(
    st.builds(OutgoingRecord, st.binary(max_size=300), st.sampled_from("abc") | keys, st.none()),
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


def groups_of(records: Sequence[OutgoingRecord]) -> list[list[OutgoingRecord]]:
    remaining = iter(records)
    counts = group_sizes(record.size for record in records)
    return [[next(remaining) for _ in range(count)] for count in counts]


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
def test_groups_hold_every_record_and_none_is_empty(sizes: list[int]) -> None:
    counts = group_sizes(sizes)

    assert sum(counts) == len(sizes)
    assert all(counts)


def test_a_record_too_large_to_share_stands_alone() -> None:
    assert group_sizes([1000, 1000, PAYLOAD_UNIT, 1000, 1000]) == [2, 1, 2]


@given(
    sizes=st.lists(st.integers(1, 60) | st.integers(1, 30_000), max_size=300),
    max_records=st.integers(1, 9),
)
def test_a_batch_stays_within_a_call_once_it_is_aggregated(
    sizes: list[int], max_records: int
) -> None:
    records, size = call_limits(max_records=max_records, max_bytes=100_000)
    group = Waiting(max_records=records, max_bytes=size, linger=0.0)
    for one in sizes:
        group.add(Held(OutgoingRecord(b"x" * (one - 1), "k"), size=one, since=0.0))

    taken = 0
    while batch := group.take(0.0):
        taken += len(batch)
        entries = [
            len(aggregated(records, hash_key=str(LAST_HASH_KEY))) + 39
            if len(records) > 1
            else records[0].size
            for records in groups_of([held.record for held in batch])
        ]
        assert len(entries) <= max_records
        assert sum(entries) <= 100_000
    assert taken == len(sizes)


def test_two_kilobytes_a_tweet_need_at_least_eight_times_fewer_payload_units() -> None:
    tweets = [
        OutgoingRecord(tweet.data, tweet.partition_key)
        for tweet in fake_tweets.records(3, count=2000)
    ]
    single = sum(units(tweet.size) for tweet in tweets)

    together = sum(units(len(aggregated(group, hash_key="0"))) for group in groups_of(tweets))

    assert single >= 8 * together


@given(start=st.floats(0, 1, exclude_max=True), shards=st.integers(1, 40))
def test_hash_keys_spread_evenly_over_any_number_of_shards(start: float, shards: int) -> None:
    found = [int(key) for key in hash_keys(400, start=start)]

    assert all(0 <= key <= LAST_HASH_KEY for key in found)
    of_shards = Counter(key * shards >> 128 for key in found)
    assert all(abs(of_shards[shard] - 400 / shards) < 4 for shard in range(shards))
