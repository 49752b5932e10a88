"""What a shard takes and gives in a second if it has limits."""

from __future__ import annotations

import pytest

from localstack_embedded.plugin.streams import (
    Accepted,
    Entry,
    ReadLimitError,
    Refused,
    Stream,
    Streams,
)
from localstack_embedded.tests.clock import Clock

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
FIRST, SECOND = (f"shardId-{index:012d}" for index in range(2))
KIB, MIB = 2**10, 2**20


@pytest.fixture
def stream(clock: Clock) -> Stream:
    return Streams(clock=clock, has_limits=True).add(ARN, 2)


def taken(stream: Stream, *sizes: int, shard: int = 0) -> int:
    """Put records of these sizes; returns how many the shard took. It must refuse the rest."""
    answers = stream.put([Entry(bytes(size), "", shard << 127) for size in sizes])
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert all(answer.shard_id == (FIRST, SECOND)[shard] for answer in refused)
    return sum(isinstance(answer, Accepted) for answer in answers)


def test_a_shard_takes_a_thousand_records_a_second(stream: Stream, clock: Clock) -> None:
    assert taken(stream, *[1] * 1200) == 1000
    assert taken(stream, *[1] * 1200, shard=1) == 1000
    clock.now += 0.25
    assert taken(stream, *[1] * 1200) == 250
    clock.now += 60
    assert taken(stream, *[1] * 1200) == 1000
    assert len(stream.read(FIRST, 0).records) == 2250


def test_a_shard_takes_a_mebibyte_a_second(stream: Stream, clock: Clock) -> None:
    assert taken(stream, *[400 * KIB] * 4) == 2
    assert taken(stream, 300 * KIB, 200 * KIB, 24 * KIB, 1) == 2
    clock.now += 0.5
    assert taken(stream, *[256 * KIB] * 4) == 2


def test_the_partition_key_counts(stream: Stream, clock: Clock) -> None:
    key = "é" * 256
    answers = stream.put([Entry(bytes(KIB - 512), key, 0)] * 1024)
    assert sum(isinstance(answer, Accepted) for answer in answers) == 1000
    clock.now += 1
    answers = stream.put([Entry(bytes(KIB), key, 0)] * 1000)
    assert sum(isinstance(answer, Accepted) for answer in answers) == MIB // (KIB + 512)


def test_a_refused_record_takes_nothing_from_the_others(stream: Stream) -> None:
    assert taken(stream, 1000 * KIB, 100 * KIB, 10 * KIB) == 2


def test_a_record_of_ten_seconds_worth_is_paid_for_by_these(stream: Stream, clock: Clock) -> None:
    stream.max_record_bytes = 10 * MIB
    assert taken(stream, 10 * MIB) == 1
    clock.now += 8.9
    assert taken(stream, 1) == 0
    clock.now += 0.2
    assert taken(stream, 1) == 1


def read(stream: Stream, position: int = 0, max_bytes: int = 10 * MIB) -> int | None:
    """Call GetRecords once; returns the position after it, if there is one."""
    return stream.read(FIRST, position, max_bytes=max_bytes, is_counted=True).next


def refuses_reading(stream: Stream) -> bool:
    try:
        read(stream)
    except ReadLimitError as error:
        return error.shard_id == FIRST
    return False


def test_a_shard_is_read_five_times_a_second(stream: Stream, clock: Clock) -> None:
    for _ in range(5):
        read(stream)
        clock.now += 0.1
    assert refuses_reading(stream)
    stream.read(SECOND, 0, is_counted=True)
    clock.now += 0.49
    assert refuses_reading(stream)  # refused calls don't count
    clock.now += 0.02
    read(stream)
    assert refuses_reading(stream)


def test_a_shard_gives_two_mebibytes_a_second(stream: Stream, clock: Clock) -> None:
    fill(stream, 10)
    assert read(stream, max_bytes=MIB) == 1
    assert read(stream, max_bytes=MIB) == 1
    assert refuses_reading(stream)
    clock.now += 0.1
    assert read(stream, max_bytes=MIB) == 1
    assert refuses_reading(stream)


def test_after_ten_mebibytes_a_shard_rests_for_five_seconds(stream: Stream, clock: Clock) -> None:
    fill(stream, 11)
    clock.now += 1
    assert read(stream) == 10
    clock.now += 4.9
    assert refuses_reading(stream)
    clock.now += 0.2
    assert read(stream) == 10


def fill(stream: Stream, count: int) -> None:
    """Put `count` records of a mebibyte."""
    stream.has_limits = False
    stream.put([Entry(bytes(MIB), "", 0)] * count)
    stream.has_limits = True


def test_a_reader_in_the_same_process_is_not_counted(stream: Stream) -> None:
    for _ in range(10):
        assert stream.read(FIRST, 0).next == 0
    read(stream)


def test_limits_are_off_until_they_are_set(clock: Clock) -> None:
    streams = Streams(clock=clock)
    stream = streams.add(ARN, 2)
    assert taken(stream, *[1] * 2000) == 2000
    for _ in range(10):
        read(stream)
    streams.has_limits = True
    assert taken(stream, *[1] * 2000) == 1000
    assert streams.add(f"{ARN}-2", 1).has_limits
