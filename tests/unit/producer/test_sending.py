from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.batches import Batch, Held
from producer.sending import Sender, backoff
from tests.unit.producer.doubles import (
    THROTTLED,
    Answer,
    FakeKinesis,
    accept,
    call_failure,
    records,
    refuse,
)


def sender(
    answer: Answer, *, clock: Callable[[], float] = lambda: 100.0, share: float = 0.5
) -> Sender:
    return Sender(
        client=FakeKinesis(answer).client,
        stream="tweets",
        give_up_after=60.0,
        clock=clock,
        random=lambda: share,
    )


def batch(count: int) -> Batch:
    return [Held(record, size=record.size, since=0.0) for record in records(count)]


def test_an_accepted_batch_needs_no_verdict() -> None:
    assert sender(accept).send(batch(3)) is None


def test_only_the_refused_records_are_sent_again() -> None:
    five = batch(5)

    verdict = sender(lambda _: [None, THROTTLED, None, None, "InternalFailure"]).send(five)

    assert verdict is not None
    assert [held for held, _ in verdict.later] == [five[1], five[4]]
    assert verdict.errors == {THROTTLED: 1, "InternalFailure": 1}
    assert not verdict.given_up


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("InternalFailure", [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]),
        # A shard's limits are by the second.
        (THROTTLED, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_a_record_waits_longer_after_each_refusal(code: str, expected: list[float]) -> None:
    one = batch(1)
    patient = sender(lambda _: [code], share=1.0)
    waits = []
    for _ in range(8):
        verdict = patient.send(one)
        assert verdict is not None
        waits.append(verdict.later[0][1] - 100.0)

    assert waits == pytest.approx(expected)


@given(attempts=st.integers(1, 10**6), share=st.floats(0, 1), longest=st.floats(0, 60))
def test_the_wait_is_a_share_of_a_bounded_ceiling(
    attempts: int, share: float, longest: float
) -> None:
    assert 0 <= backoff(attempts, share, longest) <= longest * share


def test_a_record_is_given_up_some_time_after_its_first_refusal() -> None:
    now = 100.0
    one = batch(1)
    patient = sender(refuse, clock=lambda: now)
    assert patient.send(one)

    now = 159.9
    verdict = patient.send(one)
    assert verdict is not None
    assert verdict.later

    now = 160.0
    verdict = patient.send(one)
    assert verdict is not None
    assert verdict.given_up == one
    assert not verdict.later


def test_a_rejected_batch_is_halved() -> None:
    def rejected(_: list[bytes]) -> list[str | None]:
        raise call_failure("ValidationException")

    five = batch(5)
    verdict = sender(rejected).send(five)

    assert verdict is not None
    assert verdict.isolated == [five[:2], five[2:]]
    assert not verdict.errors


def test_a_record_rejected_on_its_own_is_given_up() -> None:
    def rejected(_: list[bytes]) -> list[str | None]:
        raise call_failure("ValidationException")

    one = batch(1)
    verdict = sender(rejected).send(one)

    assert verdict is not None
    assert verdict.given_up == one
    assert verdict.errors == {"ValidationException": 1}
