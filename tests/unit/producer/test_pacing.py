from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import OutgoingRecord
from producer.pacing import CATCH_UP, paced
from tests.unit.producer.doubles import records


class Time:
    def __init__(self) -> None:
        self.now = 0.0
        self.stopped = False

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.stopped


def moments(count: int, rate: float, time: Time, *, stalls: dict[int, float]) -> list[float]:
    """When each record came, if reading the n-th takes as long as `stalls` says."""

    def source() -> Iterator[OutgoingRecord]:
        for n, record in enumerate(records(count)):
            time.now += stalls.get(n, 0.0)
            yield record

    paced_records = paced(source(), rate, clock=time.clock, wait=time.wait)
    return [time.now for _ in paced_records]


def test_records_come_at_the_rate() -> None:
    assert moments(4, 10.0, Time(), stalls={}) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_a_small_delay_is_made_up_for() -> None:
    came = moments(8, 100.0, Time(), stalls={2: 0.03})

    assert came == pytest.approx([0.0, 0.01, 0.05, 0.05, 0.05, 0.05, 0.06, 0.07])


@given(
    rate=st.floats(1, 1000),
    stalls=st.dictionaries(st.integers(0, 199), st.floats(0, 1000), max_size=3),
)
def test_no_stall_is_followed_by_a_long_burst(rate: float, stalls: dict[int, float]) -> None:
    came = moments(200, rate, Time(), stalls=stalls)

    for start, end in itertools.pairwise([0, *sorted(stalls), 200]):
        span = came[start:end]
        if span:
            assert len(span) <= rate * (span[-1] - span[0] + CATCH_UP) + 2.01


def test_stopping_in_a_wait_takes_no_further_record() -> None:
    time = Time()
    source = iter(records(3))
    slow = paced(source, 1.0, clock=time.clock, wait=time.wait)
    next(slow)

    time.stopped = True

    assert list(slow) == []
    assert len(list(source)) == 2
