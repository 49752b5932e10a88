from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.outgoing import OutgoingRecord
from producer.sending.batches import Batch, Held
from producer.sending.line import Line


def held(size: int = 10, *, since: float = 0.0, start: int = 0) -> Held:
    return Held(OutgoingRecord(b"", "k"), size=size, since=since, start=start)


def line_of(*parcels: Held) -> Line:
    line = Line(linger=1.0)
    for parcel in parcels:
        line.add(parcel, max_records=3, max_bytes=100)
    return line


def ready_in(line: Line, now: float = 0.0, *, flush: bool = False) -> float | None:
    return line.ready_in(now, max_records=3, max_bytes=100, flush=flush)


@given(
    sizes=st.lists(st.integers(1, 50)),
    max_records=st.integers(1, 7),
    max_bytes=st.integers(50, 120),
)
def test_calls_respect_both_limits_and_hold_as_much_as_they_may_in_order(
    sizes: list[int], max_records: int, max_bytes: int
) -> None:
    everything = [held(size) for size in sizes]
    line = line_of(*everything)

    batches: list[Batch] = []
    while batch := line.take(max_records=max_records, max_bytes=max_bytes):
        batches.append(batch)

    assert [one for batch in batches for one in batch] == everything
    for batch in batches:
        assert len(batch) <= max_records
        assert sum(one.wire for one in batch) <= max_bytes
    for batch, following in itertools.pairwise(batches):
        size = sum(one.wire for one in batch)
        assert len(batch) == max_records or size + following[0].wire > max_bytes


def test_a_parcel_alone_waits_for_company_no_longer_than_the_linger() -> None:
    line = line_of(held(since=5.0))

    assert ready_in(line, 5.25) == 0.75
    assert ready_in(line, 6.0) == 0.0
    assert ready_in(line, 5.25, flush=True) == 0.0


def test_a_parcel_left_behind_by_a_full_call_keeps_its_own_time() -> None:
    line = line_of(*(held(since=since) for since in (1.0, 2.0, 3.0)))

    line.take(max_records=2, max_bytes=100)

    assert ready_in(line, 3.0) == 1.0


def test_a_full_call_waits_for_nothing() -> None:
    assert ready_in(line_of(held(), held(), held())) == 0.0
    assert ready_in(line_of(held(50), held(50))) == 0.0


def test_nobody_needs_to_look_when_nothing_waits() -> None:
    assert ready_in(line_of(), flush=True) is None


def test_only_the_first_parcel_and_a_full_call_need_attention() -> None:
    line = Line(linger=1.0)

    looks = [line.add(held(), max_records=3, max_bytes=100) for _ in range(6)]

    assert looks == [True, False, True, False, False, True]


def test_a_refused_parcel_that_is_due_shares_the_next_call_with_fresh_ones() -> None:
    fresh, refused = [held() for _ in range(3)], held()
    line = line_of(*fresh)
    line.add_again(refused, since=4.0)

    assert line.take(max_records=3, max_bytes=100) == [refused, *fresh[:2]]


def test_what_is_given_up_waits_no_more_and_the_rest_does() -> None:
    everything = [held(size) for size in (10, 20, 30)]
    line = line_of(*everything[:2])
    line.add_again(everything[2], since=0.0)

    assert line.give_up(lambda parcel: parcel.wire > 10) == [everything[2], everything[1]]
    assert list(line.parcels()) == everything[:1]


@pytest.mark.parametrize("flush", [True, False])
def test_a_parcel_larger_than_a_call_goes_alone(flush: bool) -> None:
    line = line_of(held(200), held(200))

    assert ready_in(line, flush=flush) == 0.0
    assert len(line.take(max_records=3, max_bytes=100)) == 1


def test_the_earliest_start_is_found_whether_it_was_refused_or_not() -> None:
    line = line_of(held(start=50), held(start=60))
    assert line.first_start() == 50
    line.add_again(held(start=41), since=0.0)
    line.add_again(held(start=40), since=0.0)
    assert line.first_start() == 40
