from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processor.errors import Invalid, Refused, Retryable
from processor.rounds import Rounds, SendAnswer
from tests.unit.processor.fakes import Clock
from tests.waiting import LONG, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    Send = Callable[[list[int]], SendAnswer[int]]


def in_threes(items: Sequence[int]) -> list[list[int]]:
    return [list(items[start : start + 3]) for start in range(0, len(items), 3)]


class Recorder:
    """A `send` that notes its calls and then does as told."""

    def __init__(self, send: Send) -> None:
        self.calls: list[list[int]] = []
        self._send = send

    def __call__(self, batch: list[int]) -> SendAnswer[int]:
        self.calls.append(batch)
        return self._send(batch)


def first_time_only(send: Send) -> Send:
    """Behave like `send` in the first call, and well after it."""
    calls = iter([send])
    return lambda batch: next(calls, lambda _: SendAnswer())(batch)


def throttle(_batch: list[int]) -> SendAnswer[int]:
    raise Retryable("ThrottlingException", "slow down")


def test_everything_is_sent_once_when_nothing_fails(rounds: Rounds, clock: Clock) -> None:
    send = Recorder(lambda _: SendAnswer())

    outcome = rounds.run(range(7), group=in_threes, send=send, time_left=clock.left)

    assert sorted(send.calls) == [[0, 1, 2], [3, 4, 5], [6]]
    assert (outcome.undone, outcome.invalid, outcome.repeats, outcome.failure) == ([], [], 0, None)
    assert clock.pauses == []


def test_what_is_left_of_several_calls_is_sent_in_one(rounds: Rounds, clock: Clock) -> None:
    send = Recorder(lambda batch: SendAnswer(again=batch[2:]))

    outcome = rounds.run(range(9), group=in_threes, send=send, time_left=clock.left)

    assert sorted(send.calls[3]) == [2, 5, 8]
    assert outcome.undone == []
    assert outcome.repeats == 4


def test_pauses_double_up_to_the_cap(rounds: Rounds, clock: Clock) -> None:
    rounds.run([1], group=in_threes, send=throttle, time_left=clock.left)

    assert clock.pauses[:8] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0]


def test_a_very_long_outage_is_waited_out(rounds: Rounds) -> None:
    clock = Clock(budget=4000.0)
    rounds = Rounds(rounds.pool, sleep=clock.sleep, uniform=rounds.uniform)

    outcome = rounds.run([1], group=in_threes, send=throttle, time_left=clock.left)

    assert len(clock.pauses) > 1100
    assert outcome.undone == [1]


def test_pauses_are_drawn_from_zero_to_the_ceiling(pool: ThreadPoolExecutor, clock: Clock) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high / 2

    rounds = Rounds(pool, sleep=clock.sleep, uniform=uniform)
    rounds.run([1], group=in_threes, send=first_time_only(throttle), time_left=clock.left)

    assert drawn == [(0, 0.05)]
    assert clock.pauses == [0.025]


def test_it_gives_up_rather_than_sleep_past_the_end(rounds: Rounds) -> None:
    clock = Clock(budget=1.0)

    outcome = rounds.run([1, 2], group=in_threes, send=throttle, time_left=clock.left)

    assert sum(clock.pauses) < 1.0
    assert outcome.undone == [1, 2]
    assert isinstance(outcome.failure, Retryable)


def test_nothing_is_sent_when_no_time_is_left(rounds: Rounds) -> None:
    send = Recorder(lambda _: SendAnswer())

    outcome = rounds.run([1, 2], group=in_threes, send=send, time_left=lambda: 0.0)

    assert send.calls == []
    assert outcome.undone == [1, 2]


@pytest.mark.parametrize("culprits", [{0}, {1}, {4}, {0, 5}, {0, 1, 2, 3, 4, 5}])
def test_the_items_at_fault_are_found(rounds: Rounds, clock: Clock, culprits: set[int]) -> None:
    done: list[int] = []

    def send(batch: list[int]) -> SendAnswer[int]:
        if culprits.intersection(batch):
            raise Invalid("ValidationException", "bad item")
        done.extend(batch)
        return SendAnswer()

    outcome = rounds.run(range(6), group=in_threes, send=send, time_left=clock.left)

    assert {item for item, _ in outcome.invalid} == culprits
    assert sorted(done) == sorted(set(range(6)) - culprits)
    assert outcome.undone == []
    assert clock.pauses == []


def test_one_of_two_items_at_fault_does_not_take_the_other_with_it(
    rounds: Rounds, clock: Clock
) -> None:
    def send(batch: list[int]) -> SendAnswer[int]:
        if 0 in batch:
            raise Invalid("ValidationException", "bad item")
        return SendAnswer()

    calls = Recorder(send)
    outcome = rounds.run([0, 1], group=in_threes, send=calls, time_left=clock.left)

    assert sorted(calls.calls) == [[0], [0, 1], [1]]
    assert [item for item, _ in outcome.invalid] == [0]
    assert outcome.undone == []


def test_two_items_that_were_throttled_are_sent_together_again(
    rounds: Rounds, clock: Clock
) -> None:
    calls = Recorder(first_time_only(throttle))

    outcome = rounds.run([0, 1], group=in_threes, send=calls, time_left=clock.left)

    assert calls.calls == [[0, 1], [0, 1]]
    assert outcome.undone == []


def test_items_sent_alone_stay_alone_after_throttling(rounds: Rounds, clock: Clock) -> None:
    throttled = {0, 1, 2}

    def send(batch: list[int]) -> SendAnswer[int]:
        if len(batch) > 1:
            raise Invalid("ValidationException", "bad item")
        if batch[0] in throttled:
            throttled.remove(batch[0])
            raise Retryable("ThrottlingException", "slow down")
        return SendAnswer()

    calls = Recorder(send)
    outcome = rounds.run([0, 1, 2], group=in_threes, send=calls, time_left=clock.left)

    assert outcome.undone == []
    assert [len(call) for call in calls.calls] == [3, 1, 1, 1, 1, 1, 1]


class RememberingPool(ThreadPoolExecutor):
    """A pool that keeps what was submitted, so that a call can wait for others to be canceled."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.submitted: list[Future[Any]] = []

    def submit(self, *args: Any, **options: Any) -> Future[Any]:
        future = super().submit(*args, **options)
        self.submitted.append(future)
        return future


def test_a_refusal_cancels_every_call_that_has_not_started() -> None:
    waited: list[list[int]] = []

    def send(batch: list[int]) -> SendAnswer[int]:
        if 0 in batch:
            raise Refused("AccessDeniedException", "no")
        if len(calls.calls) == 2:
            submitted = one_thread.submitted
            wait_for(
                lambda: len(submitted) == 100 and all(call.cancelled() for call in submitted[2:]),
                "the cancellation of the other 98 calls",
            )
            waited.append(batch)
        return SendAnswer()

    calls = Recorder(send)
    with RememberingPool(1) as one_thread:
        outcome = Rounds(one_thread).run(
            range(300), group=in_threes, send=calls, time_left=lambda: LONG
        )

    assert calls.calls[1:] == waited
    assert len(waited) <= 1
    assert set(range(6, 300)) <= set(outcome.undone)
    assert isinstance(outcome.failure, Refused)


def test_the_refusal_is_named_rather_than_what_failed_beside_it() -> None:
    both_run = threading.Barrier(2, timeout=60)

    def send(batch: list[int]) -> SendAnswer[int]:
        both_run.wait()
        if 0 in batch:
            raise Refused("AccessDeniedException", "no")
        time.sleep(0.05)  # Likely to be collected second; the outcome is the same if not.
        raise Retryable("InternalServerError", "later")

    with ThreadPoolExecutor(2) as threads:
        outcome = Rounds(threads).run(range(6), group=in_threes, send=send, time_left=Clock().left)

    assert isinstance(outcome.failure, Refused)
    assert sorted(outcome.undone) == list(range(6))


def test_a_call_without_answer_is_given_up_when_time_is_up() -> None:
    release = threading.Event()

    def send(batch: list[int]) -> SendAnswer[int]:
        if 0 in batch:
            assert release.wait(60)
        return SendAnswer()

    with ThreadPoolExecutor(2) as threads:
        outcome = Rounds(threads).run(range(6), group=in_threes, send=send, time_left=lambda: 0.2)
        release.set()

    # On a busy machine, time may be up before the other call has been answered as well.
    assert {0, 1, 2} <= set(outcome.undone)
    assert outcome.failure is not None
    assert outcome.failure.code == "NoAnswer"


def test_calls_that_had_not_begun_when_time_was_up_are_never_made() -> None:
    release = threading.Event()

    def send(_batch: list[int]) -> SendAnswer[int]:
        assert release.wait(60)
        return SendAnswer()

    calls = Recorder(send)
    with ThreadPoolExecutor(1) as one_thread:
        outcome = Rounds(one_thread).run(
            range(6), group=in_threes, send=calls, time_left=lambda: 0.1
        )
        release.set()

    # On a busy machine, time may be up before the first one has begun as well.
    assert calls.calls in ([[0, 1, 2]], [])
    assert sorted(outcome.undone) == list(range(6))


ENDINGS = st.sampled_from(["done", "again", "retryable", "invalid", "refused"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), count=st.integers(0, 30))
def test_every_item_is_done_invalid_or_undone(
    data: st.DataObject, count: int, pool: ThreadPoolExecutor
) -> None:
    endings = data.draw(st.lists(ENDINGS))
    script, lock, done = iter(endings), threading.Lock(), set[int]()

    def send(batch: list[int]) -> SendAnswer[int]:
        with lock:
            match next(script, "done"):
                case "retryable":
                    raise Retryable("InternalServerError", "later")
                case "invalid":
                    raise Invalid("ValidationException", "bad")
                case "refused":
                    raise Refused("AccessDeniedException", "no")
                case "again":
                    done.update(batch[1:])
                    return SendAnswer(again=batch[:1])
            done.update(batch)
            return SendAnswer()

    clock = Clock(budget=2.0)
    rounds = Rounds(pool, sleep=clock.sleep, uniform=lambda _low, high: high)
    outcome = rounds.run(range(count), group=in_threes, send=send, time_left=clock.left)

    ends = [*outcome.undone, *(item for item, _ in outcome.invalid), *done]
    assert sorted(ends) == list(range(count))


def test_an_answer_nobody_thought_of_undoes_its_own_call_only(rounds: Rounds, clock: Clock) -> None:
    def send(batch: list[int]) -> SendAnswer[int]:
        if 4 in batch:
            raise KeyError("UnprocessedItems")
        return SendAnswer()

    outcome = rounds.run(range(7), group=in_threes, send=send, time_left=clock.left)

    assert sorted(outcome.undone) == [3, 4, 5]
    assert outcome.failure is not None
    assert outcome.failure.code == "KeyError"
