"""Whole runs against shards with AWS's limits, in simulated time."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from hashlib import md5

import pytest

from producer.report import Shards
from producer.settings import Settings
from tests.unit.producer.sending.simulated import BYTES, KEYS, RECORDS, Producer, Stream, name_of

OWN_HALF = 0.5
SIZES = (2_000, 8_000, 50_000)


def lines(count: int, size: int, *, authors: int = 997) -> Iterator[tuple[str, int]]:
    return ((f"user{n % authors}", size) for n in range(count))


def half_each_second(now: float) -> float:
    return OWN_HALF


def allowed(records: list[tuple[str, int]], shards: int, *, share: float = 1.0) -> float:
    """Seconds that the shards need for these keys, given what they have saved up."""
    needed = [[0.0, 0.0] for _ in range(shards)]
    for key, size in records:
        shard = int(md5(key.encode()).hexdigest(), 16) * shards // KEYS
        needed[shard][0] += 1 / RECORDS
        needed[shard][1] += size / BYTES
    return (max(map(max, needed)) - 1) / share


def run(producer: Producer) -> Producer:
    producer.run()
    assert producer.given_up == 0
    assert producer.sent == producer.read
    return producer


def sendings(producer: Producer) -> float:
    return producer.stream.entries / producer.read


def used(producer: Producer, since: float, until: float) -> float:
    """The share of the limits of the shards that were used in a time."""
    accepted = [entry for entry in producer.stream.accepted if since <= entry[0] < until]
    records = len(accepted) / RECORDS
    size = sum(entry[2] for entry in accepted) / BYTES
    return max(records, size) / (until - since) / len(producer.stream.shards)


@pytest.mark.parametrize(
    ("count", "size", "aggregate"),
    [
        (60_000, 2_100, True),
        pytest.param(10_000, 7_900, False, marks=pytest.mark.slow),
        (20_000, 8_000, False),
        (3_000, 50_000, False),
    ],
    ids=["fakes-aggregated", "7.9KB", "8KB", "50KB"],
)
def test_a_long_file_goes_through_one_shard_at_its_limit(
    count: int, size: int, aggregate: bool
) -> None:
    settings = Settings(aggregate=aggregate, give_up_after=5.0)

    producer = run(Producer(stream=Stream(1), records=lines(count, size), settings=settings))

    first = producer.stream.first_refusal
    assert first is not None
    assert sendings(producer) <= 1.02
    assert used(producer, first, first + 5) >= 0.9
    assert used(producer, first + 5, producer.now - 1) >= 0.97


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside-another"])
@pytest.mark.parametrize("aggregate", [False, True], ids=["plain", "aggregated"])
@pytest.mark.parametrize(
    ("shards", "size"),
    [
        (1, 8_000),
        (8, 50_000),
        *(
            pytest.param(shards, size, marks=pytest.mark.slow)
            for shards, size in itertools.product((1, 2, 8), SIZES)
            if (shards, size) not in {(1, 8_000), (8, 50_000)}
        ),
    ],
)
def test_shards_are_used_to_their_limits(
    shards: int, size: int, aggregate: bool, beside: bool
) -> None:
    seconds, share = 24 // shards + 10, OWN_HALF if beside else 1.0
    count = int(seconds * shards * share * BYTES / size)
    records = list(lines(count, size, authors=count))
    stream = Stream(shards, beside=half_each_second) if beside else Stream(shards)

    producer = run(
        Producer(stream=stream, records=iter(records), settings=Settings(aggregate=aggregate))
    )

    ideal = (
        seconds - 1 / share
        if aggregate and size < 12_000
        else allowed(records, shards, share=share)
    )
    # The first second, and what is in the bucket at the end, weigh less in a longer run.
    assert producer.now <= ideal / 0.97 + 0.6
    # In so short a run, what others put in jerks weighs more.
    assert sendings(producer) <= (1.06 if beside else 1.05) + 8 * shards / count


@pytest.mark.parametrize("latency", [0.03, 0.1])
@pytest.mark.parametrize("share", [1.0, 0.6], ids=["alone", "beside-another"])
@pytest.mark.parametrize("aggregate", [False, True], ids=["plain", "aggregated"])
@pytest.mark.parametrize(
    ("shards", "size"),
    [
        (1, 8_000),
        (2, 50_000),
        *(
            pytest.param(shards, size, marks=pytest.mark.slow)
            for shards, size in itertools.product((1, 2, 8), SIZES)
            if (shards, size) not in {(1, 8_000), (2, 50_000)}
        ),
    ],
)
def test_within_seconds_of_its_first_refusal_a_run_has_found_what_shards_take(
    shards: int, size: int, aggregate: bool, share: float, latency: float
) -> None:
    seconds = 17
    count = int((seconds + 1) * share * shards * BYTES / size)
    keys = itertools.cycle(even_keys(shards))
    stream = Stream(shards, share=share)

    producer = run(
        Producer(
            stream=stream,
            records=((next(keys), size) for _ in range(count)),
            settings=Settings(aggregate=aggregate),
            latency=latency,
        )
    )

    assert 0 <= stream.seconds_to_steady() <= 5
    # One record of 50 KB is half a percent of what one shard takes in such a time.
    assert sendings(producer) <= 1.05 + 2 / count
    assert (seconds + 1) / (producer.now + 1) >= 0.96


def even_keys(shards: int) -> list[str]:
    found: list[list[str]] = [[] for _ in range(shards)]
    for key in map(str, itertools.count()):
        found[int(md5(key.encode()).hexdigest(), 16) * shards // KEYS].append(key)
        if all(len(keys) >= 100 for keys in found):
            return [key for keys in zip(*found, strict=False) for key in keys]
    raise AssertionError


@pytest.mark.heavy
def test_authors_fill_shards_as_unevenly_as_their_keys_lie() -> None:
    draws = random.Random(5)
    ranks = [draws.paretovariate(1.0) for _ in range(24_000)]
    records = [(f"author{int(100 * rank) % 5_000 if rank > 1.2 else 0}", 2_000) for rank in ranks]

    stream = Stream(8, names_the_full=True)
    producer = run(Producer(stream=stream, records=iter(records)))

    assert producer.now <= allowed(records, 8) / 0.97 + 0.6
    assert sendings(producer) <= 1.05


@pytest.mark.parametrize("names_the_full", [False, True])
def test_one_author_fills_all_shards_of_a_stream_that_ignores_keys(names_the_full: bool) -> None:
    """By the shards of its keys, the producer would send what one of them takes."""
    stream = Stream(4, is_even=True, names_the_full=names_the_full)
    settings = Settings(by_key=False, give_up_after=5.0)
    producer = run(
        Producer(stream=stream, records=lines(20_000, 8_000, authors=1), settings=settings)
    )

    assert producer.now <= 1.15 * (20_000 * 8_000 / BYTES / 4 - 1)
    assert sendings(producer) <= 1.15


def test_what_another_producer_leaves_is_found_again_when_it_stops() -> None:
    def until_40(now: float) -> float:
        return OWN_HALF if 20 <= now < 40 else 0.0

    stream = Stream(1, beside=until_40)
    producer = run(Producer(stream=stream, records=lines(8_000, 8_000)))

    assert used(producer, 5, 20) >= 0.97
    assert used(producer, 25, 40) >= 0.97 * OWN_HALF
    assert used(producer, 52, producer.now - 1) >= 0.97
    assert sendings(producer) <= 1.05


@pytest.mark.heavy
@pytest.mark.parametrize("names_the_full", [False, True])
def test_shards_that_are_split_and_merged_while_a_run_goes_on_are_followed(
    names_the_full: bool,
) -> None:
    stream = Stream(1, names_the_full=names_the_full)
    producer = run(
        Producer(
            stream=stream,
            records=lines(9_000, 8_000, authors=9_000),
            at={
                10.0: lambda now: stream.split(name_of(0), now),
                30.0: lambda now: stream.merge(name_of(1), name_of(2), now),
            },
        )
    )

    # Two shards were there for 20 of the seconds.
    needed = 9_000 * 8_000 / BYTES - 1
    assert producer.now <= (needed - 20) / 0.97 + 2.0
    assert sendings(producer) <= 1.05


@pytest.mark.heavy
@pytest.mark.parametrize("code", ["InternalFailure", "EndpointConnectionError"])
def test_an_outage_of_half_a_minute_costs_that_time_and_few_calls(code: str) -> None:
    producer = run(
        Producer(
            stream=Stream(2),
            records=lines(10_000, 8_000, authors=10_000),
            fails=lambda now: code if 10 <= now < 40 else None,
        )
    )

    assert producer.now <= 30 + 10_000 * 8_000 / BYTES / 2 + 6
    assert sendings(producer) <= 1.05


@pytest.mark.slow
def test_a_mix_of_two_producers_a_split_and_an_outage_loses_nothing() -> None:
    stream = Stream(1, beside=lambda now: 0.4)
    producer = run(
        Producer(
            stream=stream,
            records=lines(9_000, 8_000, authors=9_000),
            at={15.0: lambda now: stream.split(name_of(0), now)},
            fails=lambda now: "ServiceUnavailable" if 30 <= now < 60 else None,
        )
    )

    assert used(producer, 20, 30) >= 0.97 * 0.6
    assert used(producer, 66, producer.now - 1) >= 0.97 * 0.6
    assert sendings(producer) <= 1.05


def test_records_of_a_shard_arrive_about_in_the_order_in_which_they_were_read() -> None:
    producer = run(Producer(stream=Stream(1), records=lines(5_000, 8_000)))

    behind = 0
    latest = 0
    for number in producer.order:
        behind = max(behind, latest - number)
        latest = max(latest, number)
    # At the first refusal, the calls of a moment are on their way.
    assert behind <= 200


def test_no_more_than_a_few_seconds_are_in_hand_once_a_shard_is_full() -> None:
    held: list[int] = []
    producer = Producer(stream=Stream(1), records=lines(15_000, 8_000))
    for second in range(50, 100):
        producer.at[float(second)] = lambda now: held.append(producer.held_bytes)

    run(producer)

    assert max(held) <= 5 * BYTES


def test_a_shard_that_others_fill_does_not_stop_the_rest() -> None:
    stream = Stream(4, names_the_full=True)
    _, _, full = stream.shards[name_of(3)]
    full.takes = lambda size, now, records=1.0: False  # type: ignore[method-assign]
    open_keys = (
        record
        for record in lines(40_000, 8_000, authors=40_000)
        if int(md5(record[0].encode()).hexdigest(), 16) * 4 // KEYS < 3
    )

    def mostly_open() -> Iterator[tuple[str, int]]:
        for number, record in enumerate(open_keys):
            if number % 40 == 0:
                yield next(
                    (key, 8_000)
                    for key in (f"full{number}-{n}" for n in range(99))
                    if int(md5(key.encode()).hexdigest(), 16) * 4 // KEYS == 3
                )
            yield record

    producer = Producer(
        stream=stream, records=mostly_open(), settings=Settings(give_up_after=10_000.0)
    )
    seen: list[int] = []
    producer.at[18.0] = lambda now: seen.append(producer.sent)
    producer.at[20.0] = lambda now: seen.append(0) or _stop()  # type: ignore[func-returns-value]

    with pytest.raises(StopAsyncIteration):
        producer.run()

    assert seen[0] >= 0.9 * 3 * 18 * BYTES / 8_000


def _stop() -> None:
    raise StopAsyncIteration


@pytest.mark.heavy
def test_without_limits_the_calls_soon_are_full() -> None:
    class Unlimited(Stream):
        def __post_init__(self) -> None:
            super().__post_init__()
            for _, _, bucket in self.shards.values():
                bucket.takes = lambda *_: True  # type: ignore[method-assign]

    producer = run(Producer(stream=Unlimited(1), records=lines(60_000, 2_000), latency=0.02))

    # Four calls of 500 every 20 ms, after a few smaller ones.
    assert producer.now <= 60_000 / 500 / 4 * 0.022 + 0.25


def test_a_shard_that_is_full_and_hardly_refuses_anything_is_told() -> None:
    producer = Producer(stream=Stream(1), records=lines(1_500, 7_900), latency=0.2)
    told: list[Shards | None] = []
    producer.at[8.0] = lambda now: told.append(producer.outbox.shards(now, offered=1_000))

    run(producer)

    assert producer.stream.entries <= 1.05 * 1_500
    assert told[0] is not None
    assert (told[0].known, told[0].full) == (1, 1)
    assert told[0].wanted is not None
    assert told[0].wanted >= 7
