from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.batches import Batch, Held, Waiting
from producer.outgoing import OutgoingRecord


def held(size: int = 10, *, since: float = 0.0, start: int = 0) -> Held:
    return Held(OutgoingRecord(b"", "k"), size=size, since=since, start=start)


def waiting(*, max_records: int = 3, max_bytes: int = 100, linger: float = 1.0) -> Waiting:
    return Waiting(max_records=max_records, max_bytes=max_bytes, linger=linger)


def take_all(group: Waiting) -> list[Batch]:
    batches = []
    while group.ready_in(0.0, flush=True) is not None:
        batches.append(group.take(0.0))
    return batches


@given(
    sizes=st.lists(st.integers(1, 50)),
    max_records=st.integers(1, 7),
    max_bytes=st.integers(50, 120),
)
def test_batches_respect_both_limits_and_hold_every_record_in_order(
    sizes: list[int], max_records: int, max_bytes: int
) -> None:
    group = waiting(max_records=max_records, max_bytes=max_bytes)
    everything = [held(size) for size in sizes]
    for one in everything:
        group.add(one)

    batches = take_all(group)

    assert [one for batch in batches for one in batch] == everything
    assert all(1 <= len(batch) <= max_records for batch in batches)
    assert all(sum(one.size for one in batch) <= max_bytes for batch in batches)


@given(
    sizes=st.lists(st.integers(1, 50), min_size=2),
    max_records=st.integers(1, 7),
    max_bytes=st.integers(50, 120),
)
def test_no_batch_could_have_taken_the_record_after_it(
    sizes: list[int], max_records: int, max_bytes: int
) -> None:
    group = waiting(max_records=max_records, max_bytes=max_bytes)
    for size in sizes:
        group.add(held(size))

    batches = take_all(group)

    for batch, following in itertools.pairwise(batches):
        size = sum(one.size for one in batch)
        assert len(batch) == max_records or size + following[0].size > max_bytes


def test_a_record_alone_waits_for_company_no_longer_than_the_linger() -> None:
    group = waiting(linger=1.0)
    group.add(held(since=5.0))

    assert group.ready_in(5.25, flush=False) == 0.75
    assert group.ready_in(6.0, flush=False) == 0.0


def test_a_record_left_behind_by_a_full_batch_keeps_its_own_time() -> None:
    group = waiting(max_records=2, linger=1.0)
    for since in (1.0, 2.0, 3.0):
        group.add(held(since=since))

    group.take(3.0)

    assert group.ready_in(3.0, flush=False) == 1.0


def test_a_full_batch_waits_for_nothing() -> None:
    by_count, by_bytes = waiting(max_records=2), waiting(max_bytes=20)
    for group in (by_count, by_bytes):
        group.add(held())
        group.add(held())

        assert group.ready_in(0.0, flush=False) == 0.0


def test_nobody_needs_to_look_when_nothing_waits() -> None:
    assert waiting().ready_in(0.0, flush=True) is None


def test_only_the_first_record_and_a_full_batch_call_for_attention() -> None:
    group = waiting(max_records=3)

    assert [group.add(held()) for _ in range(6)] == [True, False, True, False, False, True]


def test_a_refused_record_is_not_sent_before_it_is_due() -> None:
    group = waiting()
    group.add_later(held(), due=4.0)

    assert group.ready_in(1.0, flush=True) == 3.0
    assert group.take(3.9) == []
    assert len(group.take(4.0)) == 1


def test_a_refused_record_that_is_due_shares_the_next_batch_with_fresh_ones() -> None:
    group = waiting(max_records=3)
    fresh, refused = [held() for _ in range(3)], held()
    for one in fresh:
        group.add(one)
    group.add_later(refused, due=4.0)

    assert group.ready_in(4.0, flush=False) == 0.0
    assert group.take(4.0) == [refused, *fresh[:2]]


def test_an_isolated_batch_goes_first_and_alone() -> None:
    group = waiting(max_records=3)
    group.add(held())
    suspects = [held()]
    group.add_isolated(suspects)

    assert group.ready_in(0.0, flush=False) == 0.0
    assert group.take(0.0) == suspects


def test_clearing_takes_everything_wherever_it_waits() -> None:
    group = waiting()
    everything = [held() for _ in range(4)]
    group.add_isolated([everything[0]])
    group.add_later(everything[1], due=0.0)
    group.ready_in(0.0, flush=False)
    group.add_later(everything[2], due=9.0)
    group.add(everything[3])

    assert group.clear() == everything
    assert group.ready_in(9.0, flush=True) is None


@pytest.mark.parametrize("flush", [True, False])
def test_a_record_larger_than_a_batch_goes_alone(flush: bool) -> None:
    group = waiting(max_bytes=5)
    group.add(held(10))
    group.add(held(10))

    assert group.ready_in(0.0, flush=flush) == 0.0
    assert len(group.take(0.0)) == 1


def test_the_earliest_start_is_found_wherever_its_record_waits() -> None:
    group = waiting(max_records=1)
    assert list(group.starts()) == []
    group.add(held(start=50))
    group.add(held(start=60))
    assert min(group.starts()) == 50
    for start in (40, 41):
        group.add_later(held(start=start), due=1.0)
    assert min(group.starts()) == 40
    assert group.take(1.0)[0].start == 40
    assert min(group.starts()) == 41  # It is due, and found no room in that batch.
    group.add_isolated([held(start=31), held(start=30)])
    assert min(group.starts()) == 30
