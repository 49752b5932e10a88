"""The window against endpoints of all speeds, in simulated time."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.sending.window import LEAST, TARGET, Trip, Window

TIMEOUT = 10.0  # seconds, the client's own


def window(*, call_records: int = 500, calls: int = 4) -> Window:
    return Window(call_records=call_records, calls=calls)


@dataclass
class Endpoint:
    """Works on one record after the other, and answers `latency` seconds after it is done."""

    per_record: float
    latency: float = 0.0
    now: float = 0.0
    free_at: float = 0.0
    sent: int = 0
    answer_times: list[float] = field(default_factory=list)
    call_sizes: list[int] = field(default_factory=list)

    def serve(self, sender: Window, records: int, *, calls: int = 4) -> None:
        """Have the records sent as fast as the window lets them be."""
        left = records
        on_the_way: list[tuple[float, int, Trip]] = []
        while left or on_the_way:
            while left and len(on_the_way) < calls and sender.has_room:
                size = min(left, sender.call_records)
                left -= size
                trip = sender.sent(size, self.now)
                self.free_at = max(self.free_at, self.now) + size * self.per_record
                done = self.free_at + self.latency
                assert done - self.now < TIMEOUT * trip.patience, "the call timed out"
                heapq.heappush(on_the_way, (done, len(self.call_sizes), trip))
                self.call_sizes.append(size)
            self.now, _, trip = heapq.heappop(on_the_way)
            self.sent += trip.records
            self.answer_times.append(self.now - trip.start)
            sender.ended(trip, self.now, answered=True, timed_out=False)


@given(per_record=st.floats(0.0001, 0.4))
def test_a_slow_endpoint_is_kept_busy_and_answers_in_about_the_target(per_record: float) -> None:
    sender, endpoint = window(), Endpoint(per_record)
    endpoint.serve(sender, 3000)

    assert endpoint.now == pytest.approx(3000 * per_record, rel=0.1)
    steady = endpoint.answer_times[len(endpoint.answer_times) // 2 :]
    assert max(steady) <= 1.1 * max(TARGET, 2 * LEAST * per_record)


@given(latency=st.floats(0, 9))
def test_where_only_the_line_is_slow_as_much_is_sent_as_ever(latency: float) -> None:
    sender, endpoint = window(), Endpoint(0.0, latency)
    endpoint.serve(sender, 50_000)

    assert endpoint.call_sizes[-5:-1] == [500] * 4
    assert sender.rate(endpoint.now) is None


def test_a_fast_endpoint_gets_full_calls_after_a_few() -> None:
    sender, endpoint = window(), Endpoint(0.00001)
    endpoint.serve(sender, 10_000)

    assert sum(1 for size in endpoint.call_sizes if size < 500) <= 10
    assert sender.rate(endpoint.now) is None


def test_an_endpoint_that_gets_slow_and_recovers_is_followed() -> None:
    sender, endpoint = window(), Endpoint(0.0001)
    endpoint.serve(sender, 10_000)
    endpoint.per_record = 0.0025
    endpoint.serve(sender, 10_000)
    assert endpoint.answer_times[-1] <= 1.1 * TARGET
    assert sender.rate(endpoint.now) == pytest.approx(400, rel=0.1)

    endpoint.per_record = 0.0001
    endpoint.serve(sender, 10_000)
    assert endpoint.call_sizes[-2] == 500
    assert sender.rate(endpoint.now) is None


def test_after_a_timeout_little_is_sent_and_waited_for_longer_each_time() -> None:
    sender, now = window(), 0.0
    Endpoint(0.00001).serve(sender, 10_000)
    patience = []
    for _ in range(8):
        trip = sender.sent(sender.call_records, now)
        patience.append(trip.patience)
        now += TIMEOUT * trip.patience
        sender.ended(trip, now, answered=False, timed_out=True)
        assert sender.call_records == LEAST // 2

    assert patience == sorted(patience)
    assert patience[1] >= 2 * patience[0]
    assert patience[-1] <= 30

    trip = sender.sent(sender.call_records, now)
    sender.ended(trip, now + 0.01, answered=True, timed_out=False)
    assert sender.sent(1, now).patience == patience[0]


def test_a_call_waits_the_longer_the_more_is_on_its_way() -> None:
    sender = window()
    Endpoint(0.00001).serve(sender, 10_000)
    trips = [sender.sent(500, 0.0) for _ in range(4)]
    for trip in trips:
        sender.ended(trip, 8.0, answered=True, timed_out=False)
    few = sender.sent(sender.call_records, 8.0).patience
    many = [sender.sent(500, 8.0).patience for _ in range(4)]

    assert few < many[0] < many[1] < many[2] < many[3]


def test_what_only_failed_quickly_does_not_open_the_window() -> None:
    sender = window()
    before = sender.call_records
    for now in range(10):
        trip = sender.sent(before, now)
        sender.ended(trip, now + 0.001, answered=False, timed_out=False)

    assert sender.call_records == before


@pytest.mark.heavy
@given(
    calls=st.integers(1, 8),
    call_records=st.integers(1, 500),
    ends=st.lists(st.tuples(st.floats(0, 100), st.booleans(), st.booleans()), max_size=50),
)
def test_whatever_happened_a_call_may_be_sent_once_nothing_is_on_its_way(
    calls: int, call_records: int, ends: list[tuple[float, bool, bool]]
) -> None:
    sender, now = window(call_records=call_records, calls=calls), 0.0
    for seconds, answered, timed_out in ends:
        assert sender.has_room
        assert 1 <= sender.call_records <= call_records
        trip = sender.sent(sender.call_records, now)
        assert 1 <= trip.patience <= 30
        now += seconds
        sender.ended(trip, now, answered=answered, timed_out=timed_out)
