"""What happens to a batch: retries, splits, item failures, age, and giving up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from localstack_embedded.plugin.mapping.interfaces import Answer, Batch
from localstack_embedded.tests.mapping_world import (
    DONE,
    FAILED,
    World,
    fails_at,
    item_failures,
    raises_at,
)

REPORTS: dict[str, Any] = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
THROTTLED = Answer(failure="throttled", status_code=429)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def always(answer: Answer) -> Any:
    return lambda batch: answer


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_failing_batch_is_given_up_after_its_retries(world: World, retries: int) -> None:
    world.put("a", "b")
    world.put("c")
    world.answer = raises_at(["a"])
    world.start(BatchSize=2, MaximumRetryAttempts=retries)
    world.wait(100)
    assert world.sent == ["a b"] * (1 + retries) + ["c"]
    (lost,) = world.given_up
    assert world.lost == ["a b"]
    assert (lost.condition, lost.invoke_count) == ("RetryAttemptsExhausted", 1 + retries)
    assert (lost.answer, lost.batch.shard_id) == (FAILED, "shardId-000000000000")
    failed = 2 * (1 + retries)
    assert world.counts == {"polled": 3, "invoked": failed + 1, "failed": failed, "dropped": 2}


def test_a_batch_is_retried_until_its_records_expire(world: World) -> None:
    world.put("a")
    world.answer = always(FAILED)
    world.start()
    world.wait(23.9 * 3600)
    assert not world.given_up
    world.wait(0.2 * 3600)
    assert [(one.condition, one.answer) for one in world.given_up] == [("RecordAgeExceeded", None)]


def test_retries_come_later_and_later(world: World) -> None:
    world.put("a")
    world.answer = always(FAILED)
    world.start()
    world.wait(1000)
    pauses = [after - before for before, after in pairwise(world.times)]
    assert pauses[:7] == pytest.approx([0.5, 1, 2, 4, 8, 16, 30])
    assert pauses[7:] == pytest.approx([30] * len(pauses[7:]))


def test_the_function_may_recover(world: World) -> None:
    world.put("a")
    world.answer = always(FAILED)
    world.start()
    world.wait(10)
    world.answer = always(DONE)
    world.put("b")
    world.wait(60)
    assert world.sent[-1] == "b"
    assert not world.given_up
    assert world.results == ["PROBLEM: Function call failed", "OK"]


@pytest.mark.parametrize("failure", ["throttled", "service"])
def test_a_function_that_is_not_reached_costs_no_retry_and_no_split(
    world: World, failure: Any
) -> None:
    world.put("a", "b")
    world.answer = always(Answer(failure=failure))
    world.start(MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
    world.wait(300)
    assert len(world.sent) > 10
    assert set(world.sent) == {"a b"}
    assert not world.given_up


def test_an_invocation_that_breaks_is_tried_again(world: World) -> None:
    def broken(batch: Batch) -> Answer:
        raise OSError("connection reset")

    world.put("a")
    world.answer = broken
    world.start(MaximumRetryAttempts=0)
    world.wait(10)
    world.answer = always(DONE)
    world.wait(60)
    assert not world.given_up
    assert world.results[-1] == "OK"


@pytest.mark.parametrize(
    ("answer", "seconds"), [(FAILED, 60.0), (THROTTLED, 60.0)], ids=["error", "throttle"]
)
def test_age_ends_retries_at_once(world: World, answer: Answer, seconds: float) -> None:
    world.put("a")
    world.answer = always(answer)
    world.start(MaximumRecordAgeInSeconds=60)
    world.wait(59)
    assert not world.given_up
    world.wait(1.1)
    (lost,) = world.given_up
    assert (lost.condition, lost.answer) == ("RecordAgeExceeded", None)
    # Like AWS's own count, it includes the invocation that is no longer made.
    assert lost.invoke_count == len(world.sent) + 1 == 8
    world.answer = always(DONE)
    world.put("b")
    world.wait()
    assert world.sent[-1] == "b"


def test_records_that_are_too_old_already_are_never_sent(world: World) -> None:
    world.put("old")
    world.wait(70)
    world.put("new")
    world.start(MaximumRecordAgeInSeconds=60, MaximumRetryAttempts=0)
    world.wait()
    assert (world.sent, world.lost) == (["new"], ["old"])
    assert world.given_up[0].invoke_count == 1


def test_age_takes_only_the_records_that_reached_it(world: World) -> None:
    world.put("a")
    world.wait(30)
    world.put("b")
    world.answer = always(FAILED)
    world.start(MaximumRecordAgeInSeconds=60)
    world.wait(35)
    assert (world.lost, set(world.sent)) == (["a"], {"a b", "b"})
    world.wait(60)
    assert world.lost == ["a", "b"]


def test_bisecting_gives_up_the_bad_record_alone(world: World) -> None:
    world.put(*"abcdefgh")
    world.answer = raises_at(["f"])
    world.start(BisectBatchOnFunctionError=True, MaximumRetryAttempts=1)
    world.wait(100)
    assert world.lost == ["f"]
    assert world.sent == ["a b c d e f g h", "a b c d", "e f g h", "e f", "e", "f", "f", "g h"]
    assert world.given_up[0].invoke_count == 2


def test_splits_are_made_without_a_pause_and_without_retries(world: World) -> None:
    world.put(*"abcdefgh")
    world.answer = raises_at(["a", "h"])
    world.start(BisectBatchOnFunctionError=True, MaximumRetryAttempts=0)
    world.wait(0.1)
    assert world.lost == ["a", "h"]
    assert set(world.times) == {0.0}


def test_a_partial_success_goes_on_from_the_lowest_failure(world: World) -> None:
    numbers = world.put(*"abcde")
    answers = [item_failures(numbers[3], numbers[2], numbers[4]), DONE]
    world.answer = lambda batch: answers.pop(0)
    world.start(**REPORTS)
    world.wait()
    assert world.sent == ["a b c d e", "c d e"]
    assert world.counts["failed"] == 3


def test_what_a_partial_success_leaves_is_a_new_batch(world: World) -> None:
    world.put(*"abc")
    world.answer = fails_at(["c"])
    world.start(MaximumRetryAttempts=3, **REPORTS)
    world.wait(100)
    # As recorded on AWS: the batch, then one invocation and three retries.
    assert world.sent == ["a b c"] + ["c"] * 4
    assert (world.lost, world.given_up[0].invoke_count) == (["c"], 4)
    assert world.times[1] == 0.0


def test_a_partial_success_is_a_checkpoint(world: World) -> None:
    world.put(*"abc")
    world.answer = fails_at(["c"])
    world.start(**REPORTS)
    world.wait(5)
    world.stop()
    world.batches.clear()
    world.start(**REPORTS)
    world.wait(5)
    assert set(world.sent) == {"c"}


def test_a_partial_success_splits_at_the_number_returned(world: World) -> None:
    world.put(*"abcdefgh")
    world.answer = fails_at(["c"])
    world.start(BisectBatchOnFunctionError=True, MaximumRetryAttempts=1, **REPORTS)
    world.wait(100)
    assert world.sent[:2] == ["a b c d e f g h", "c d e f g h"]
    assert world.lost == ["c"]
    assert world.counts["dropped"] == 1


@pytest.mark.parametrize(
    "response",
    [None, "", [], {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"other": 1}],
)
def test_no_item_failures_are_a_success(world: World, response: object) -> None:
    world.put(*"ab")
    world.answer = always(Answer(response))
    world.start(MaximumRetryAttempts=0, **REPORTS)
    world.wait()
    assert (world.sent, world.lost) == (["a b"], [])


@pytest.mark.parametrize(
    "response",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": 123}]},
        {"batchItemFailures": [{"itemIdentifier": {}}]},
        {"batchItemFailures": [{"foo": "bar"}]},
        {"batchItemFailures": ["bar"]},
        {"batchItemFailures": [None]},
        {"batchItemFailures": "bar"},
        {"batchItemFailures": 5},
        {"batchItemFailures": {"itemIdentifier": "x"}},
        "text",
        [1],
        1,
        True,
    ],
)
def test_item_failures_that_make_no_sense_fail_the_whole_batch(
    world: World, response: object
) -> None:
    world.put(*"ab")
    world.answer = always(Answer(response))
    world.start(MaximumRetryAttempts=0, **REPORTS)
    world.wait()
    assert (world.sent, world.lost) == (["a b"], ["a b"])
    assert world.given_up[0].answer == Answer(response)


def test_an_unknown_identifier_beside_a_known_one_fails_the_whole_batch(world: World) -> None:
    numbers = world.put(*"ab")
    world.answer = always(item_failures(numbers[1], "123"))
    world.start(MaximumRetryAttempts=0, **REPORTS)
    world.wait()
    assert world.lost == ["a b"]


def test_item_failures_mean_nothing_unless_the_mapping_reports_them(world: World) -> None:
    world.put(*"ab")
    world.answer = fails_at(["a"])
    world.start(MaximumRetryAttempts=0)
    world.wait()
    assert (world.sent, world.lost) == (["a b"], [])


def test_the_checkpoint_waits_for_the_destination(world: World) -> None:
    world.put("a", "b")
    world.answer = raises_at(["a"])
    world.refusal = OSError
    world.start(BatchSize=1, MaximumRetryAttempts=0)
    world.wait(100)
    assert world.sent == ["a"]
    assert world.counts["dropped"] == 0
    world.stop()
    world.refusal = None
    world.start(BatchSize=1, MaximumRetryAttempts=0)
    world.wait(100)
    assert (world.sent, world.lost) == (["a", "a", "b"], ["a"])


def test_what_failed_for_good_during_a_stop_is_given_up_before_it(world: World) -> None:
    world.put("a")
    world.takes = 5
    world.answer = always(FAILED)
    world.start(MaximumRetryAttempts=0)
    world.wait(1)
    world.stop()
    assert world.lost == ["a"]
    world.start()
    world.wait(10)
    assert world.sent == ["a"]
