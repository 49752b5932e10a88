from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweets.fakes.pacing import paced


class Time:
    """A clock that only moves when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept += seconds
        self.now += seconds


def _arrivals(work: list[float], rate: float) -> list[float]:
    """When each item came, if the consumer works that many seconds after each."""
    time = Time()
    arrivals = []
    for seconds in paced(work, rate=rate, clock=time.clock, sleep=time.sleep):
        arrivals.append(time.now - 1000.0)
        time.now += seconds
    return arrivals


def test_items_come_evenly_and_the_first_at_once() -> None:
    assert _arrivals([0.0] * 5, rate=4) == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


def test_work_in_between_counts_as_waiting() -> None:
    assert _arrivals([0.2] * 4, rate=4) == pytest.approx([0, 0.25, 0.5, 0.75])


def test_a_short_delay_is_made_up_for() -> None:
    assert _arrivals([0.5, 0, 0, 0, 0, 0], rate=4) == pytest.approx([0, 0.5, 0.5, 0.75, 1.0, 1.25])


def test_after_a_long_delay_only_a_second_is_made_up_for() -> None:
    arrivals = _arrivals([60.0] + [0.0] * 20, rate=10)
    assert arrivals.count(60.0) == pytest.approx(10, abs=1)


@given(
    work=st.lists(st.floats(min_value=0, max_value=5), max_size=100),
    rate=st.floats(min_value=0.5, max_value=1000),
)
def test_no_second_has_more_than_twice_the_rate(work: list[float], rate: float) -> None:
    arrivals = _arrivals(work, rate)
    for first in arrivals:
        within = sum(first <= arrival < first + 1 for arrival in arrivals)
        assert within <= 2 * rate + 2


def test_items_are_passed_on_in_order() -> None:
    time = Time()
    assert list(paced("abc", rate=1, clock=time.clock, sleep=time.sleep)) == ["a", "b", "c"]
