"""Streams of one process: putting, reading, splitting, merging, and resizing."""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from localstack_embedded.plugin import streams as package
from localstack_embedded.plugin.streams import (
    MAX_HASH_KEY,
    Accepted,
    Entry,
    FutureTimestampError,
    HashKeyError,
    NoSuchShardError,
    NoSuchStreamError,
    Record,
    RecordSizeError,
    SequenceNumberError,
    ShardClosedError,
    ShardsNotAdjacentError,
    StartingPosition,
    Stream,
    StreamExistsError,
    Streams,
)
from localstack_embedded.tests.clock import NOON, Clock

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
FIRST, SECOND, THIRD = (f"shardId-{index:012d}" for index in range(3))
HOUR = 3600
TRIM_HORIZON, LATEST = StartingPosition("TRIM_HORIZON"), StartingPosition("LATEST")


@pytest.fixture
def streams(clock: Clock) -> Streams:
    return Streams(clock=clock)


@pytest.fixture
def stream(streams: Streams) -> Stream:
    return streams.add(ARN, 1)


def put(stream: Stream, *data: bytes, hash_key: int = 0) -> list[str]:
    """Put records with this data; returns the sequence numbers of the accepted ones."""
    answers = stream.put([Entry(each, "key", hash_key) for each in data])
    return [answer.sequence_number for answer in answers if isinstance(answer, Accepted)]


def data_of(records: Sequence[Record]) -> list[bytes]:
    return [record.data for record in records]


def after(number: str) -> StartingPosition:
    return StartingPosition("AFTER_SEQUENCE_NUMBER", number)


def at(number: str) -> StartingPosition:
    return StartingPosition("AT_SEQUENCE_NUMBER", number)


def since(timestamp: float) -> StartingPosition:
    return StartingPosition("AT_TIMESTAMP", timestamp=timestamp)


def test_the_room_imports_nothing_but_itself_and_the_standard_library() -> None:
    for path in Path(package.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {name.name.split(".")[0] for name in node.names} <= sys.stdlib_module_names
            if isinstance(node, ast.ImportFrom):
                root = (node.module or "").split(".")[0]
                assert node.level == 1 or (node.level == 0 and root in sys.stdlib_module_names)


def test_what_is_put_is_read_in_its_order(stream: Stream, clock: Clock) -> None:
    numbers = put(stream, b"a", b"b") + put(stream, b"c")

    read = stream.read(FIRST, 0)

    assert read.records == [
        Record(data, "key", NOON, number)
        for data, number in zip([b"a", b"b", b"c"], numbers, strict=True)
    ]
    assert (read.next, read.behind_ms) == (3, 0)
    assert stream.read(FIRST, 3) == ([], 3, 0)


def test_a_key_decides_the_shard_by_its_digest_as_on_aws(streams: Streams) -> None:
    stream = streams.add(ARN, 4)
    keys = ["a", "b", "c", "é", "user"]
    answers = stream.put([Entry(b"", key) for key in keys])
    # The first digits of their MD5 are 0, 9, 4, 6, and e.
    assert [int(answer.shard_id[-1]) for answer in answers] == [0, 2, 1, 1, 3]


def test_an_explicit_hash_key_counts_before_the_partition_key(streams: Streams) -> None:
    stream = streams.add(ARN, 2)
    middle = (MAX_HASH_KEY + 1) // 2
    keys = [0, middle - 1, middle, MAX_HASH_KEY]
    answers = stream.put([Entry(b"", "key", key) for key in keys])
    assert [answer.shard_id for answer in answers] == [FIRST, FIRST, SECOND, SECOND]


def test_records_without_a_key_go_to_all_shards_alike(streams: Streams) -> None:
    stream = streams.add(ARN, 3)
    answers = stream.put([Entry(b"", None)] * 30)
    shards = [answer.shard_id for answer in answers]
    assert {shard: shards.count(shard) for shard in shards} == dict.fromkeys(stream.shards, 10)


def test_a_stream_may_ignore_keys_and_still_keep_them(streams: Streams) -> None:
    stream = streams.add(ARN, 2)
    stream.is_even = True
    stream.put([Entry(b"", "same", 0)] * 4)
    assert [record.partition_key for record in stream.read(FIRST, 0).records] == ["same"] * 2


def test_nothing_of_a_call_is_put_when_one_record_is_impossible(stream: Stream) -> None:
    stream.max_record_bytes = 10
    stream.put([Entry(b"1234567", "é!")])
    with pytest.raises(RecordSizeError) as caught:
        stream.put([Entry(b"", "key"), Entry(b"12345678", "é!")])
    assert (caught.value.index, caught.value.size) == (1, 11)
    for hash_key in (-1, MAX_HASH_KEY + 1):
        with pytest.raises(HashKeyError):
            stream.put([Entry(b"", "key"), Entry(b"", "key", hash_key)])
    assert len(stream.read(FIRST, 0).records) == 1


def test_reading_is_bounded_by_records_and_by_bytes(stream: Stream) -> None:
    put(stream, b"12345", b"12345", b"12345", b"")
    assert stream.read(FIRST, 0, limit=2).next == 2
    assert stream.read(FIRST, 0, max_bytes=10).next == 2
    assert stream.read(FIRST, 0, max_bytes=14).next == 2
    assert stream.read(FIRST, 0, max_bytes=15).next == 4
    assert stream.read(FIRST, 1, max_bytes=1).next == 2  # or no reader would get past it
    assert stream.read(FIRST, 1, limit=0) == ([], 1, 1)


def test_behind_is_the_age_of_the_last_record_that_others_follow(
    stream: Stream, clock: Clock
) -> None:
    put(stream, b"a")
    clock.now += 1
    put(stream, b"b")
    clock.now += 2
    assert stream.read(FIRST, 0, limit=1).behind_ms == 3000
    assert stream.read(FIRST, 0).behind_ms == 0


def test_there_is_always_something_behind_a_record_that_others_follow(stream: Stream) -> None:
    put(stream, b"a", b"b")
    assert stream.read(FIRST, 0, limit=1).behind_ms == 1


def test_positions_to_start_from(stream: Stream, clock: Clock) -> None:
    first, second = put(stream, b"a"), None
    clock.now += 1.5
    second = put(stream, b"b")
    clock.now += 1.5
    positions = {
        TRIM_HORIZON: 0,
        LATEST: 2,
        at(first[0]): 0,
        after(first[0]): 1,
        at(second[0]): 1,
        after(second[0]): 2,
        at(stream.shards[FIRST].starting_sequence_number): 0,
        after(stream.shards[FIRST].starting_sequence_number): 0,
        since(0): 0,
        since(NOON): 0,
        since(NOON + 0.001): 1,
        since(NOON + 1.5): 1,
        since(NOON + 3): 2,
    }
    for start, position in positions.items():
        assert stream.position_of(FIRST, start) == position, start


def test_a_records_own_timestamp_leads_to_it(stream: Stream, clock: Clock) -> None:
    clock.now = NOON + 0.0016  # finer than AWS's timestamps
    put(stream, b"a")
    clock.now += 1
    arrived = stream.read(FIRST, 0).records[0].arrived
    assert arrived == round(arrived, 3)
    assert stream.position_of(FIRST, since(arrived)) == 0


def test_the_future_is_no_position(stream: Stream) -> None:
    with pytest.raises(FutureTimestampError):
        stream.position_of(FIRST, since(NOON + 0.001))


def test_a_clock_that_goes_back_leaves_the_order_alone(stream: Stream, clock: Clock) -> None:
    put(stream, b"a")
    clock.now -= HOUR
    put(stream, b"b")
    assert [record.arrived for record in stream.read(FIRST, 0).records] == [NOON, NOON]


def test_records_expire_after_their_retention(stream: Stream, clock: Clock) -> None:
    put(stream, b"a")
    clock.now += 24 * HOUR
    numbers = put(stream, b"b")
    assert data_of(stream.read(FIRST, 0).records) == [b"a", b"b"]
    clock.now += 1
    read = stream.read(FIRST, 0)
    assert (data_of(read.records), read.next) == ([b"b"], 2)
    assert stream.position_of(FIRST, TRIM_HORIZON) == 1
    assert stream.position_of(FIRST, at(numbers[0])) == 1


def test_a_number_that_is_trimmed_leads_to_the_oldest_record(stream: Stream, clock: Clock) -> None:
    (gone,) = put(stream, b"a")
    clock.now += 25 * HOUR
    put(stream, b"b")
    assert stream.position_of(FIRST, at(gone)) == stream.position_of(FIRST, after(gone)) == 1


def test_less_retention_trims_at_once_and_more_brings_nothing_back(
    stream: Stream, clock: Clock
) -> None:
    stream.retention_hours = 48
    put(stream, b"a")
    clock.now += 30 * HOUR
    put(stream, b"b")
    assert len(stream.read(FIRST, 0).records) == 2
    stream.retention_hours = 24
    assert data_of(stream.read(FIRST, 0).records) == [b"b"]
    stream.retention_hours = 48
    assert data_of(stream.read(FIRST, 0).records) == [b"b"]


def test_a_split_shard_ends_and_its_children_go_on(stream: Stream) -> None:
    put(stream, b"a")
    middle = 2**127
    stream.split(FIRST, middle)
    put(stream, b"low", hash_key=middle - 1)
    put(stream, b"high", hash_key=middle)

    parent, low, high = stream.shards.values()
    assert parent.is_closed
    assert parent.children == (low.id, high.id)
    assert low.parents == high.parents == (parent.id,)
    assert (low.start, low.end) == (0, middle - 1)
    assert (high.start, high.end) == (middle, MAX_HASH_KEY)
    assert stream.open_shards == [low, high]
    assert stream.read(FIRST, 0) == (stream.read(FIRST, 0).records, None, 0)
    assert data_of(stream.read(FIRST, 0).records) == [b"a"]
    assert data_of(stream.read(SECOND, 0).records) == [b"low"]
    assert data_of(stream.read(THIRD, 0).records) == [b"high"]


def test_a_merged_shard_has_both_parents(streams: Streams) -> None:
    stream = streams.add(ARN, 2)
    stream.merge(SECOND, FIRST)
    low, high, child = stream.shards.values()
    assert child.parents == (high.id, low.id)
    assert low.children == high.children == (child.id,)
    assert (child.start, child.end) == (0, MAX_HASH_KEY)


def test_what_can_not_be_split_or_merged(streams: Streams) -> None:
    stream = streams.add(ARN, 3)
    start, end = stream.shards[SECOND].start, stream.shards[SECOND].end
    for hash_key in (start - 1, start, start + 1, end, end + 1):
        with pytest.raises(HashKeyError):
            stream.split(SECOND, hash_key)
    with pytest.raises(ShardsNotAdjacentError):
        stream.merge(FIRST, THIRD)
    with pytest.raises(ShardsNotAdjacentError):
        stream.merge(FIRST, FIRST)
    with pytest.raises(NoSuchShardError):
        stream.merge(FIRST, "shardId-000000000003")
    stream.merge(FIRST, SECOND)
    with pytest.raises(ShardClosedError):
        stream.split(FIRST, 5)
    with pytest.raises(ShardClosedError):
        stream.merge(SECOND, THIRD)
    assert len(stream.shards) == 4


@pytest.mark.parametrize(
    ("before", "after"), [(1, 1), (1, 2), (2, 1), (2, 3), (3, 2), (4, 1), (5, 7), (1, 9), (6, 4)]
)
def test_resizing_ends_with_even_shards(streams: Streams, before: int, after: int) -> None:
    stream = streams.add(ARN, before)
    fresh = streams.add(f"{ARN}-fresh", after)

    def ranges(stream: Stream) -> list[tuple[int, int]]:
        return [(shard.start, shard.end) for shard in stream.open_shards]

    stream.resize(after)
    assert ranges(stream) == ranges(fresh)


def test_doubling_and_halving_take_one_generation(streams: Streams) -> None:
    stream = streams.add(ARN, 2)
    stream.resize(4)
    assert len(stream.shards) == 6
    stream.resize(2)
    assert len(stream.shards) == 8


def test_three_shards_have_the_ranges_that_aws_gives_them(streams: Streams) -> None:
    third = 113427455640312821154458202477256070485
    assert [(shard.start, shard.end) for shard in streams.add(ARN, 3).open_shards] == [
        (0, third - 1),
        (third, 2 * third - 1),
        (2 * third, MAX_HASH_KEY),
    ]


def test_a_closed_shard_disappears_with_its_retention(stream: Stream, clock: Clock) -> None:
    put(stream, b"a")
    clock.now += HOUR
    stream.split(FIRST, 2**127)
    clock.now += 24 * HOUR
    assert list(stream.shards) == [FIRST, SECOND, THIRD]
    clock.now += 1
    assert list(stream.shards) == [SECOND, THIRD]
    assert stream.shards[SECOND].parents == (FIRST,)
    assert stream.wait(FIRST, 0, timeout=0)
    with pytest.raises(NoSuchShardError):
        stream.read(FIRST, 0)
    stream.split(SECOND, 5)
    assert list(stream.shards)[2:] == ["shardId-000000000003", "shardId-000000000004"]


def test_waiting_ends_when_something_is_there(streams: Streams) -> None:
    stream = streams.add(ARN, 2)
    assert not stream.wait(FIRST, 0, timeout=0)
    put(stream, b"a")
    assert stream.wait(FIRST, 0, timeout=0)
    assert not stream.wait(FIRST, 1, timeout=0)
    assert not stream.wait(SECOND, 0, timeout=0)
    stream.merge(FIRST, SECOND)
    assert stream.wait(SECOND, 0, timeout=0)
    stream.delete()
    assert stream.wait(THIRD, 0, timeout=0)


HAPPENINGS = [
    lambda stream: put(stream, b"a"),
    lambda stream: stream.split(FIRST, 5),
    lambda stream: stream.delete(),
]


@pytest.mark.parametrize("happens", HAPPENINGS, ids=["put", "split", "delete"])
def test_whoever_waits_is_woken(stream: Stream, happens: Callable[[Stream], None]) -> None:
    results: list[bool] = []
    waiting = threading.Thread(target=lambda: results.append(stream.wait(FIRST, 0, timeout=60)))
    waiting.start()
    happens(stream)
    waiting.join(timeout=30)
    assert results == [True]


@pytest.mark.parametrize("happens", HAPPENINGS, ids=["put", "split", "delete"])
def test_whoever_watches_is_called_once(stream: Stream, happens: Callable[[Stream], None]) -> None:
    calls: list[str] = []
    stream.watch(FIRST, 0, lambda: calls.append("a"))
    stream.watch(FIRST, 0, lambda: calls.append("b"))()
    assert not calls
    happens(stream)
    assert calls == ["a"]
    if not stream.is_deleted:
        stream.resize(2)
    assert calls == ["a"]
    cancel = stream.watch(FIRST, 0, lambda: calls.append("late"))
    assert calls == ["a", "late"]
    cancel()


def test_only_who_can_read_something_is_called(streams: Streams) -> None:
    stream = streams.add(ARN, 2)
    calls: list[int] = []
    for position in (0, 1, 2):
        stream.watch(FIRST, position, partial(calls.append, position))
    put(stream, b"other", hash_key=MAX_HASH_KEY)
    assert calls == []
    put(stream, b"a", b"b")
    assert calls == [0, 1]
    put(stream, b"c")
    assert calls == [0, 1, 2]


def test_a_deleted_stream_takes_and_gives_nothing(streams: Streams, stream: Stream) -> None:
    streams.remove(ARN)
    assert streams.find(ARN) is None
    assert stream.is_deleted
    with pytest.raises(NoSuchStreamError):
        stream.put([Entry(b"", "key")])
    with pytest.raises(NoSuchStreamError):
        stream.read(FIRST, 0)
    with pytest.raises(NoSuchStreamError):
        streams.remove(ARN)


def test_streams_are_found_by_account_and_region(streams: Streams) -> None:
    for arn in (ARN, ARN.replace("tweets", "alerts")):
        streams.add(arn, 1)
        streams.add(arn.replace("000000000000", "111111111111"), 1)
        streams.add(arn.replace("us-east-1", "eu-west-1"), 1)
    with pytest.raises(StreamExistsError):
        streams.add(ARN, 1)
    assert [stream.name for stream in streams.of("000000000000", "us-east-1")] == [
        "alerts",
        "tweets",
    ]
    streams.clear("000000000000")
    assert streams.of("000000000000", "us-east-1") == []
    assert len(streams.of("111111111111", "us-east-1")) == 2
    streams.clear()
    assert streams.of("111111111111", "us-east-1") == []


def test_a_number_of_a_deleted_stream_is_none_of_its_successor(streams: Streams) -> None:
    (number,) = put(streams.add(ARN, 1), b"a")
    streams.remove(ARN)
    again = streams.add(ARN, 1)
    put(again, b"b")
    with pytest.raises(SequenceNumberError):
        again.position_of(FIRST, after(number))
