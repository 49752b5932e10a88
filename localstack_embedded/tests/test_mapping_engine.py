"""How a mapping reads shards: where it starts, what a batch is, and where it resumes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from localstack_embedded.plugin.mapping import shard_reader
from localstack_embedded.plugin.mapping.interfaces import MAX_PAYLOAD, Record
from localstack_embedded.plugin.mapping.settings import Settings
from localstack_embedded.plugin.streams import ReadLimitError
from localstack_embedded.tests.mapping_world import ARN, DONE, FAILED, NOON, World, raises_at

FIRST, SECOND, THIRD, FOURTH = (f"shardId-{index:012d}" for index in range(4))


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@pytest.fixture
def two_shards() -> Iterator[World]:
    world = World(2)
    yield world
    world.close()


def test_a_record_is_sent_at_once(world: World) -> None:
    world.start()
    world.wait(5)
    world.put("a")
    world.wait(1)
    assert (world.sent, world.times) == (["a"], [5.0])


def test_a_backlog_is_sent_in_full_batches(world: World) -> None:
    world.put(*"abcdefgh")
    world.start(BatchSize=3)
    world.wait()
    assert world.sent == ["a b c", "d e f", "g h"]


def test_latest_begins_with_what_comes_after_the_mapping(world: World) -> None:
    world.put("old")
    world.start(StartingPosition="LATEST")
    world.put("new")
    world.wait()
    assert world.sent == ["new"]


def test_latest_is_a_position_of_the_mapping_not_of_its_start(world: World) -> None:
    world.start(StartingPosition="LATEST")
    world.stop()
    world.put("meanwhile")
    world.start(StartingPosition="LATEST")
    world.wait()
    assert world.sent == ["meanwhile"]


@pytest.mark.parametrize(("at", "sent"), [(-5, "a b"), (0, "a b"), (5, "b"), (10, "b"), (15, "")])
def test_a_timestamp_begins_with_the_first_record_from_then_on(
    world: World, at: float, sent: str
) -> None:
    world.put("a")
    world.wait(10)
    world.put("b")
    world.wait(10)
    world.start(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=NOON + at)
    world.wait()
    assert " ".join(world.sent) == sent


@pytest.mark.parametrize("position", ["LATEST", "TRIM_HORIZON"])
def test_children_are_read_from_their_start_after_their_parent(world: World, position: str) -> None:
    world.start(StartingPosition=position)
    world.takes = 5
    world.put("a")
    world.wait(1)
    world.put("b")
    world.stream.split(FIRST, 2**127)
    world.put("x:c", "y:d", "z:e", "w:f")
    world.wait(8)
    assert world.sent == ["a", "b"]
    world.wait(5)
    assert world.sent[:2] == ["a", "b"]
    assert sorted(" ".join(world.sent[2:]).split()) == ["w:f", "x:c", "y:d", "z:e"]


def test_a_merged_shard_is_read_after_both_its_parents(two_shards: World) -> None:
    world = two_shards
    world.takes = 10
    world.put("a", key="x")
    world.start()
    world.wait(1)
    world.stream.merge(FIRST, SECOND)
    world.put("b")
    world.wait(8)
    assert world.sent == ["a"]
    world.wait(12)
    assert world.sent == ["a", "b"]


def test_many_reshardings_are_followed_to_their_end(world: World) -> None:
    world.start()
    for count in (2, 4, 1, 3):
        world.put(*(f"{count}{key}:{key}" for key in "abcdefgh"))
        world.stream.resize(count)
    world.wait()
    assert sum(len(batch.records) for batch in world.batches) == 32
    assert world.stream.open_shards[0].id in world.checkpoints


def test_a_shard_in_retries_does_not_hold_up_another(two_shards: World) -> None:
    world = two_shards
    world.answer = lambda batch: FAILED if batch.shard_id == FIRST else raises_at([])(batch)
    world.start(BatchSize=1)
    world.put(*(f"{key}:{key}" for key in "abcdefgh"))
    world.wait(60)
    sent = {batch.records[0].data for batch in world.batches if batch.shard_id == SECOND}
    stuck = {batch.records[0].data for batch in world.batches if batch.shard_id == FIRST}
    assert (len(stuck), len(sent) + 1 < 8, len(sent) > 1) == (1, True, True)


def test_a_window_gathers_records_until_it_is_over(world: World) -> None:
    world.start(MaximumBatchingWindowInSeconds=10)
    world.wait(3)
    for data in "abc":
        world.put(data)
        world.wait(4)
    world.wait(10)
    assert (world.sent, world.times) == (["a b c"], [13.0])


def test_a_full_batch_does_not_wait_for_the_window(world: World) -> None:
    world.start(MaximumBatchingWindowInSeconds=300, BatchSize=3)
    world.put(*"abcd")
    world.wait(1)
    assert world.sent == ["a b c"]
    world.put(*"ef")
    world.wait(1)
    assert world.sent == ["a b c", "d e f"]


def test_a_window_ends_with_its_shard(world: World) -> None:
    world.start(MaximumBatchingWindowInSeconds=300)
    world.put("a")
    world.wait(1)
    world.stream.split(FIRST, 2**127)
    world.wait(1)
    assert world.sent == ["a"]


def test_an_invocation_takes_six_megabytes(world: World) -> None:
    world.put(*"abcdefgh")
    world.start(size=MAX_PAYLOAD // 4)
    world.wait()
    assert world.sent == ["a b c", "d e f", "g h"]


def test_a_record_that_no_invocation_can_take_goes_to_the_destination(world: World) -> None:
    world.put("a", "b" * 1000, "c")
    world.start(size=MAX_PAYLOAD - 1500)
    world.wait()
    assert (world.sent, [len(lost) for lost in world.lost]) == (["a", "c"], [1000])


def test_a_pause_neither_loses_nor_repeats_a_record(world: World) -> None:
    world.put(*"abcdef")
    world.start(BatchSize=4)
    world.takes = 10
    world.wait(5)
    world.halt()
    world.put(*"gh")
    world.wait(1)
    world.stop()
    assert world.sent == ["a b c d"]
    world.start(BatchSize=3)
    world.wait(30)
    assert world.sent == ["a b c d", "e f g", "h"]


def test_a_stop_while_a_window_gathers_keeps_the_records_for_later(world: World) -> None:
    world.start(MaximumBatchingWindowInSeconds=300)
    world.put("a")
    world.wait(1)
    world.stop()
    assert world.sent == []
    world.start()
    world.wait()
    assert world.sent == ["a"]


def test_a_stop_ends_retries_at_once(world: World) -> None:
    world.answer = lambda batch: FAILED
    world.put("a")
    world.start()
    world.wait(100)
    before = world.now
    world.stop()
    assert world.now == before
    assert world.sent == ["a"] * len(world.sent)


def test_lanes_run_at_once_with_each_key_in_its_own(world: World) -> None:
    world.takes = 1
    world.put(*(f"{key}:{number}" for number in range(5) for key in "abcdefghijklmnop"))
    world.start(ParallelizationFactor=10, BatchSize=1)
    world.wait(0.5)
    assert 4 <= world.most_running <= 10
    world.wait(100)
    keys = [batch.records[0].partition_key for batch in world.batches]
    for key in "abcdefghijklmnop":
        sent = [texts for texts, one in zip(world.sent, keys, strict=True) if one == key]
        assert sent == [f"{key}:{number}" for number in range(5)]


def test_a_lane_in_retries_does_not_hold_up_another(world: World) -> None:
    world.put("a:bad", *(f"{key}:{n}" for n in range(3) for key in "bcdefgh"))
    world.answer = raises_at(["a:bad"])
    world.start(ParallelizationFactor=10, BatchSize=1)
    world.wait(10)
    assert len(set(world.sent)) > 12


def test_nothing_is_sent_again_when_lanes_got_on_apart(world: World) -> None:
    bad = "a:bad"
    world.put(bad, *(f"{key}:{n}" for n in range(3) for key in "abcdefgh"))
    world.answer = raises_at([bad])
    world.start(ParallelizationFactor=10, BatchSize=1)
    world.wait(10)
    world.stop()
    first = set(world.sent)
    world.batches.clear()
    world.answer = raises_at([])
    world.start(ParallelizationFactor=3, BatchSize=2)
    world.wait()
    world.put("b:last")
    world.wait()
    second = [texts for sent in world.sent for texts in sent.split()]
    assert second[0] == bad
    assert first.isdisjoint(second[1:])
    assert len(first) + len(second) - 1 == 26
    assert not world.checkpoints[FIRST].open


def test_lanes_that_got_far_apart_have_an_exact_checkpoint_after_a_stop(world: World) -> None:
    world.put(*(f"{key}:{number}" for number in range(300) for key in "abcdefgh"))
    world.answer = raises_at([f"a:{number}" for number in range(300)])
    world.start(ParallelizationFactor=10, BatchSize=1)
    world.wait(1)
    world.stop()
    done = set(world.sent) - {"a:0"}
    assert len(done) > 1000
    assert len(world.checkpoints[FIRST].open) == 2400 - len(done)


def test_records_without_a_key_go_to_all_lanes(world: World) -> None:
    world.takes = 1
    world.put(*"abcd", key=None)
    world.start(ParallelizationFactor=4)
    world.wait(0.5)
    assert world.running == 4


def test_filtered_records_are_counted_and_done(world: World) -> None:
    world.put(*"abcdef")
    world.start(BatchSize=2, matches=lambda record: record.data in b"be")
    world.wait()
    assert world.sent == ["b e"]
    assert (world.counts["polled"], world.counts["filtered_out"]) == (6, 4)
    world.stop()
    world.start()
    world.wait()
    assert world.sent == ["b e"]


def test_the_iterator_age_is_that_of_the_last_record(world: World) -> None:
    world.put("a")
    world.wait(5)
    world.put("b")
    world.wait(2)
    world.start()
    world.wait()
    assert world.ages == [pytest.approx(2000, abs=1)]


def test_a_deleted_stream_ends_the_mapping(world: World) -> None:
    world.start()
    world.takes = 5
    world.put("a")
    world.wait(1)
    world.stream.delete()
    world.wait(1)
    assert world.is_running
    world.wait(5)
    assert not world.is_running
    assert world.results == ["OK", "The stream was deleted."]


def test_a_stream_that_is_deleted_at_the_start_ends_the_mapping(world: World) -> None:
    world.start()
    world.stream.delete()
    world.wait()
    assert not world.is_running
    assert world.results == ["The stream was deleted."]


def test_a_shard_that_can_not_be_read_does_not_hold_up_another(two_shards: World) -> None:
    world = two_shards
    faults = [ValueError, ValueError]

    def matches(record: Record) -> bool:
        if record.data == b"a" and faults:
            raise faults.pop()
        return True

    world.put("a", key="x")
    world.start(matches=matches)
    world.wait(0.1)
    for key in "abcdefgh":
        world.put(f"{key}:1")
    world.wait(0.1)
    assert 0 < len(" ".join(world.sent).split()) < 8
    world.wait(2)
    assert sorted(" ".join(world.sent).split()) == ["a", *(f"{key}:1" for key in "abcdefgh")]


def test_a_deleted_stream_ends_retries_too(world: World) -> None:
    world.answer = lambda batch: FAILED
    world.put("a")
    world.start()
    world.wait(100)
    world.stream.delete()
    world.wait(31)
    assert not world.is_running


def test_records_that_expire_in_a_pause_are_passed_over(world: World) -> None:
    world.put(*"ab")
    world.start(BatchSize=1)
    world.wait()
    world.stop()
    world.put("c")
    world.wait(25 * 3600)
    world.put("d")
    world.start()
    world.wait()
    assert world.sent == ["a", "b", "d"]


def test_shards_that_expired_in_a_pause_are_forgotten(world: World) -> None:
    world.start()
    world.wait()
    world.stop()
    world.stream.split(FIRST, 2**127)
    world.wait(25 * 3600)
    world.put("x:a", "y:b")
    world.start()
    world.wait()
    assert sorted(" ".join(world.sent).split()) == ["x:a", "y:b"]
    assert set(world.checkpoints) == {SECOND, THIRD}


def test_a_checkpoint_of_another_stream_means_the_start(world: World) -> None:
    world.put("a")
    world.start()
    world.wait()
    world.stop()
    world.streams.remove(ARN)
    world.wait(100)
    world.stream = world.streams.add(ARN, 1)
    world.put("b")
    world.start()
    world.wait()
    assert world.sent == ["a", "b"]


def test_a_mapping_without_settings_has_those_of_aws() -> None:
    assert Settings.of({}) == Settings(
        starting_position="TRIM_HORIZON",
        batch_size=100,
        batching_window=0,
        parallelization_factor=1,
        bisects=False,
        reports_item_failures=False,
        maximum_retries=-1,
        maximum_age=-1,
        tumbling_window=0,
    )


def test_settings_are_taken_from_a_configuration() -> None:
    configuration = {
        "StartingPosition": "AT_TIMESTAMP",
        "StartingPositionTimestamp": datetime.fromtimestamp(NOON, UTC),
        "BatchSize": 7,
        "MaximumBatchingWindowInSeconds": 3,
        "ParallelizationFactor": 10,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MaximumRetryAttempts": 0,
        "MaximumRecordAgeInSeconds": 60,
        "TumblingWindowInSeconds": 0,
    }
    expected = Settings(
        starting_position="AT_TIMESTAMP",
        starting_timestamp=NOON,
        batch_size=7,
        batching_window=3,
        parallelization_factor=10,
        bisects=True,
        reports_item_failures=True,
        maximum_retries=0,
        maximum_age=60,
    )
    assert Settings.of(configuration) == expected


def put_for_three_seconds(world: World) -> None:
    """Put a record ten times a second."""
    for number in range(30):
        world.put(str(number))
        world.wait(0.1)


def test_a_shard_with_limits_is_polled_once_a_second(world: World) -> None:
    world.stream.has_limits = True
    world.start(StartingPosition="TRIM_HORIZON")
    put_for_three_seconds(world)
    world.wait()

    assert sum(len(batch.records) for batch in world.batches) == 30
    assert min(after - before for before, after in pairwise(world.times)) > 0.99
    for _ in range(4):
        world.stream.read("shardId-000000000000", 0, is_counted=True)
    assert world.reads["refused"] == 0


def test_other_readers_hold_up_a_mapping_of_a_shard_with_limits(world: World) -> None:
    world.stream.has_limits = True
    for _ in range(5):
        world.stream.read("shardId-000000000000", 0, is_counted=True)
    world.put("a")
    world.start(StartingPosition="TRIM_HORIZON")
    world.wait(0.9)
    assert (world.sent, world.reads["read"]) == ([], 0)

    world.wait(0.2)

    assert world.sent == ["a"]
    assert world.reads["refused"] > 0


def test_what_a_mapping_reads_counts_against_the_bytes_of_a_second(world: World) -> None:
    world.stream.has_limits = True
    for _ in range(4):
        world.put("x" * 1_000_000)
        world.wait(1.1)
    world.start(StartingPosition="TRIM_HORIZON")
    world.wait(0.1)

    with pytest.raises(ReadLimitError):
        world.stream.read("shardId-000000000000", 0, is_counted=True)


def test_a_consumer_of_its_own_shares_no_limits(world: World) -> None:
    world.stream.has_limits = True
    for _ in range(5):
        world.stream.read("shardId-000000000000", 0, is_counted=True)
    world.start(StartingPosition="TRIM_HORIZON", shares_limits=False)
    put_for_three_seconds(world)

    assert len(world.batches) == 30


def test_shards_that_are_stuck_hold_only_so_much_in_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shard_reader, "_MAX_WAITING_BYTES_IN_ALL", 2**20)
    monkeypatch.setattr(shard_reader, "_SMALL_READ_BYTES", 2**16)
    world = World(shards=8)
    world.answer = lambda _: FAILED
    for number in range(800):
        world.put(f"{number}:" + "x" * 2**14)
    engine = world.start(StartingPosition="TRIM_HORIZON", BatchSize=1)
    world.wait(60)

    assert len({batch.shard_id for batch in world.batches}) == 8
    assert engine.waiting_bytes < 2**20 + 8 * 2**17
    world.answer = lambda _: DONE
    world.wait(600)
    assert len({batch.records[0].data for batch in world.batches}) == 800
    world.close()
    assert engine.waiting_bytes == 0
