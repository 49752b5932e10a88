"""Tumbling windows: which records are in one, what state it carries, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localstack_embedded.plugin.mapping.interfaces import MAX_PAYLOAD, Answer, Batch
from localstack_embedded.plugin.mapping.window import MAX_STATE
from localstack_embedded.tests.mapping_world import FAILED, NOON, World

MINUTE: dict[str, Any] = {"TumblingWindowInSeconds": 60}
FIRST = "shardId-000000000000"


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.answer = counting
    yield world
    world.close()


def counting(batch: Batch) -> Answer:
    """A function that counts records."""
    assert batch.window is not None
    if batch.window.is_final:
        return Answer(None)
    return Answer({"state": {"n": batch.window.state.get("n", 0) + len(batch.records)}})


def windows(world: World) -> list[tuple[Any, ...]]:
    """Each invocation's window: its start, records, state, and whether it is the final one."""
    return [
        (one.window.start - NOON, text, one.window.state.get("n"), one.window.is_final)
        for one, text in zip(world.batches, world.sent, strict=True)
        if one.window is not None
    ]


def test_a_window_carries_its_state_to_a_last_invocation_without_records(world: World) -> None:
    world.start(**MINUTE)
    world.wait(10)
    world.put("a")
    world.wait(10)
    world.put("b")
    world.wait(60)
    assert windows(world) == [
        (0, "a", None, False),
        (0, "b", 1, False),
        (0, "", 2, True),
    ]
    assert world.times == [10, 20, pytest.approx(60, abs=0.01)]
    assert all(one.window and one.window.end == one.window.start + 60 for one in world.batches)


def test_each_window_begins_with_a_fresh_state(world: World) -> None:
    world.put("a")
    world.wait(61)
    world.put("b")
    world.wait(600)
    world.put("c")
    world.wait(61)
    world.start(**MINUTE)
    world.wait()
    assert windows(world) == [
        (0, "a", None, False),
        (0, "", 1, True),
        (60, "b", None, False),
        (60, "", 1, True),
        (660, "c", None, False),
        (660, "", 1, True),
    ]


def test_no_window_is_opened_without_a_record(world: World) -> None:
    world.start(**MINUTE)
    world.wait(600)
    assert not world.batches


def test_a_shard_has_one_batch_at_a_time_whatever_the_factor(world: World) -> None:
    world.takes = 1
    world.put(*(f"{key}:1" for key in "abcdefgh"))
    world.start(ParallelizationFactor=10, BatchSize=1, **MINUTE)
    world.wait(30)
    assert world.most_running == 1


def test_a_window_ends_with_its_shard(world: World) -> None:
    world.start(**MINUTE)
    world.put("a")
    world.wait(1)
    world.stream.split(FIRST, 2**127)
    world.put("b")
    world.wait(1)
    expected = [(0, "a", None, False), (0, "", 1, True), (0, "b", None, False)]
    assert windows(world) == expected


def test_what_a_closed_shard_held_is_not_read_twice(world: World) -> None:
    world.put("a")
    world.stream.split(FIRST, 2**127)
    world.takes = 70
    world.start(**MINUTE)
    world.wait(200)
    assert windows(world) == [(0, "a", None, False), (0, "", 1, True)]


def test_an_answer_without_a_state_has_failed(world: World) -> None:
    world.put("a")
    world.answer = lambda batch: Answer({"other": 1})
    world.start(MaximumRetryAttempts=2, **MINUTE)
    world.wait(10)
    assert (world.sent, world.lost) == (["a"] * 3, ["a"])


def test_the_last_invocation_is_repeated_until_it_succeeds(world: World) -> None:
    world.answer = lambda batch: (
        FAILED if batch.window and batch.window.is_final else counting(batch)
    )
    world.put("a")
    world.start(MaximumRetryAttempts=0, **MINUTE)
    world.wait(90)
    world.put("b")
    world.wait(10)
    assert len(world.sent) > 5
    assert "b" not in world.sent
    world.answer = counting
    world.wait(31)
    assert windows(world)[-3:-1] == [(0, "", 1, True), (60, "b", None, False)]


def test_too_large_a_state_ends_the_window_early(world: World) -> None:
    large = {"n": 0, "x": "x" * MAX_STATE}
    world.answer = lambda batch: Answer({"state": large})
    world.start(BatchSize=1, **MINUTE)
    world.put("a")
    world.wait(1)
    world.answer = counting
    world.put("b")
    world.wait(60)
    assert [
        (text, one.window.state, one.window.is_final, one.window.is_terminated_early)
        for one, text in zip(world.batches, world.sent, strict=True)
        if one.window
    ] == [
        ("a", {}, False, False),
        ("", large, True, True),
        ("b", {}, False, False),
        ("", {"n": 1}, True, False),
    ]


def test_a_window_that_ends_early_does_so_after_a_stop_too(world: World) -> None:
    large = {"x": "x" * MAX_PAYLOAD}
    world.answer = lambda batch: Answer({"state": large}) if batch.records else FAILED
    world.start(BatchSize=1, **MINUTE)
    world.put(*"ab")
    world.wait(1)
    world.stop()
    world.batches.clear()
    world.answer = counting
    world.start(BatchSize=1, **MINUTE)
    world.wait(1)
    assert world.sent == ["", "b"]
    assert [one.window.state for one in world.batches if one.window] == [large, {}]
    assert not world.lost


def test_the_state_survives_a_stop(world: World) -> None:
    world.start(**MINUTE)
    world.put("a")
    world.wait(1)
    world.stop()
    world.put("b")
    world.start(**MINUTE)
    world.wait(1)
    assert windows(world)[1] == (0, "b", 1, False)
    world.stop()
    world.wait(100)
    world.start(**MINUTE)
    world.wait(1)
    assert windows(world)[2:] == [(0, "", 2, True)]


def test_a_failed_batch_leaves_the_state_as_it_was(world: World) -> None:
    def answer(batch: Batch) -> Answer:
        return FAILED if batch.records and batch.records[0].data == b"b" else counting(batch)

    world.answer = answer
    world.put(*"abc")
    world.start(BatchSize=1, MaximumRetryAttempts=1, **MINUTE)
    world.wait(61)
    assert world.lost == ["b"]
    assert windows(world)[-2:] == [(0, "c", 1, False), (0, "", 2, True)]


def test_the_state_takes_its_part_of_the_six_megabytes(world: World) -> None:
    world.answer = lambda batch: Answer({"state": {"x": "x" * (MAX_STATE - 100)}})
    world.put(*"abcdefghijklm")
    world.start(size=2**20, **MINUTE)
    world.wait(1)
    assert [len(batch.records) for batch in world.batches] == [5, 4, 4]
