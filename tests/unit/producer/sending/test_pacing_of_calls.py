"""What the outbox is made of, one by one."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import pytest

from producer.outgoing import OutgoingRecord
from producer.sending.allowance import Allowance
from producer.sending.answer import SHARD_FULL, TIMED_OUT, Answer
from producer.sending.batches import Group, Held
from producer.sending.circuit import Circuit
from producer.sending.lanes import Lanes
from producer.sending.outbox import Outbox
from producer.sending.patience import Patience
from producer.sending.ranges import Ranges
from producer.settings import Settings

MIB = 1024 * 1024
OLD, NEW, OTHER = "shardId-000000000000", "shardId-000000000001", "shardId-000000000002"


def held(number: int = 1, *, size: int = 10) -> Held:
    record = OutgoingRecord(b"", str(number))
    return Held(record, size=size, since=0.0, number=number, start=number)


def parcel(key: int, *, size: int = 10) -> Group:
    group = Group(hash_key=key)
    group.add(held(size=size))
    return group


def outbox_of(records: int, *, aggregate: bool = False, max_records: int = 500) -> Outbox:
    settings = Settings(aggregate=aggregate, max_records=max_records)
    outbox = Outbox(settings, random=lambda: 0.5, now=0.0)
    for number in range(1, records + 1):
        outbox.add(held(number), 0.0)
    return outbox


def test_patience_is_over_after_its_time_without_progress_and_then_begins_anew() -> None:
    patience = Patience(5.0)

    assert not patience.is_over(10.0, sent=9.0)
    assert not patience.is_over(14.9, sent=14.0)
    assert patience.is_over(15.0, sent=14.0)
    assert patience.is_over(16.0, sent=15.0)
    assert not patience.is_over(17.0, sent=16.0)


def test_after_progress_patience_begins_anew_for_what_was_on_its_way_too() -> None:
    patience = Patience(5.0)
    patience.is_over(10.0, sent=9.0)
    assert patience.is_over(15.0, sent=14.0)

    patience.accepted()

    assert not patience.is_over(16.0, sent=14.5)


def test_a_few_failures_in_a_row_open_the_circuit_until_something_is_answered() -> None:
    circuit = Circuit()
    due = [circuit.failed(10.0, share=1.0) for _ in range(3)]

    assert due == [10.1, 10.2, 10.4]
    assert circuit.is_open
    assert circuit.ready_in(10.0) == due[-1] - 10.0
    circuit.answered()
    assert not circuit.is_open
    assert circuit.ready_in(10.0) == 0.0


def test_an_answer_that_full_shards_give_closes_the_circuit() -> None:
    outbox = outbox_of(100)
    for _ in range(3):
        call = outbox.take(0.0)
        outbox.settle(call, Answer.failure(TIMED_OUT, len(call.batch)), 0.0)
    probe = outbox.take(9.0)
    assert outbox.ready_in(9.0, flush=True) is None

    outbox.settle(probe, Answer.failure(SHARD_FULL, len(probe.batch)), 9.0)
    outbox.take(20.0)

    assert outbox.ready_in(20.0, flush=True) is not None


def test_what_lies_between_two_keys_of_a_shard_is_its_own() -> None:
    ranges = Ranges()
    assert [ranges.learn(key, OLD) for key in (100, 200, 150)] == [True, True, False]
    ranges.learn(300, NEW)

    assert ranges.shard_of(160, guess=False) == OLD
    assert ranges.shard_of(240, guess=False) is None
    assert ranges.shard_of(240, guess=True) == OLD
    assert ranges.shard_of(260, guess=True) == NEW


def test_newer_shards_replace_older_ones_and_late_answers_change_nothing() -> None:
    ranges = Ranges()
    for key, shard in [(100, OLD), (900, OLD), (200, NEW), (800, OTHER)]:
        ranges.learn(key, shard)
    assert ranges.shards() == {NEW, OTHER}

    ranges.learn(300, NEW)

    assert not ranges.learn(250, OLD)
    assert ranges.shard_of(250, guess=False) == NEW


def test_shards_whose_names_follow_no_order_are_learned_and_then_let_be() -> None:
    chance, top, shards = Random(3), 2**128, 16
    named: dict[str, Callable[[int], int]] = {
        "against the order of their keys": lambda key: shards - key * shards // top,
        "by no range": lambda key: key % shards,
        "at random": lambda _: chance.randrange(shards),
        "as older than what they replace": lambda key: (
            99 if chance.random() < 0.1 else key * shards // top
        ),
    }
    for how, number_of in named.items():
        ranges = Ranges()
        keys = [chance.randrange(top) for _ in range(4_000)]
        learned = [ranges.learn(key, f"shardId-{number_of(key):012}") for key in keys]

        assert sum(learned) < 500, how
        assert sum(learned[2_000:]) < 60, how


def test_an_answer_older_than_what_is_known_is_turned_away_without_a_look_at_all_shards() -> None:
    ranges = Ranges()
    for number in range(100):
        for key in (1_000 * number, 1_000 * number + 500):
            ranges.learn(key, f"shardId-{number:012}")
    compared = 0

    class Older(str):
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    assert not ranges.learn(50_200, Older("shardId-0"))
    assert compared < 5


def test_little_is_sent_beyond_the_known_limits_until_answers_accept_it() -> None:
    allowance = Allowance(0.0)
    assert allowance.left(0.0) == 0.6
    allowance.ended(0.6, beyond=allowance.sent(0.6), accepted=True)
    assert allowance.left(0.0) == 0.03

    for _ in range(10):
        cost = allowance.left(0.0)
        allowance.ended(cost, beyond=allowance.sent(cost), accepted=True)

    assert allowance.left(0.0) == math.inf
    allowance.refused()
    assert allowance.left(0.0) == 0.03


def test_calls_that_go_beyond_the_limits_together_prove_no_more_than_one() -> None:
    allowance = Allowance(0.0)
    allowance.sent(0.6)
    both = [allowance.sent(0.02), allowance.sent(0.01)]

    for beyond in both:
        allowance.ended(0.015, beyond=beyond, accepted=True)

    assert allowance.left(0.0) == 0.06


def test_a_slow_answer_to_what_the_limits_allow_does_not_stop_the_search_for_more() -> None:
    allowance = Allowance(0.0)
    allowance.sent(0.6)
    now, on_the_way = 0.0, [(0.5, 0.6, 0.0)]

    while now < 10 and not allowance.is_proven:
        now += 0.01
        for answer in [answer for answer in on_the_way if answer[0] <= now]:
            on_the_way.remove(answer)
            allowance.ended(answer[1], beyond=answer[2], accepted=True)
        if cost := allowance.left(now):
            on_the_way.append((now + 0.5, cost, allowance.sent(cost)))

    assert allowance.is_proven


def test_parcels_that_wait_after_a_refusal_are_held_up_by_a_full_shard() -> None:
    allowance = Allowance(0.0)
    allowance.sent(allowance.left(0.0))
    allowance.sent(allowance.left(0.0))
    assert allowance.left(0.0) == 0.0
    assert not allowance.holds_up(0.0)

    allowance.refused()

    assert allowance.left(0.0) == 0.0
    assert allowance.holds_up(1.0)
    assert not allowance.holds_up(9.0)


def test_a_parcel_that_turns_out_to_be_another_shards_leaves_no_empty_call() -> None:
    lanes = Lanes(0.0, patience=60.0, shards=2, share=1.0)
    lanes.learn(parcel(100), OLD, 0.0)
    lanes.learn(parcel(500), NEW, 0.0)
    lanes.ready_in(0.0)
    lanes.add(parcel(600, size=MIB), 10.0)
    assert lanes.take(10.0, max_records=500, max_bytes=5 * MIB)
    lanes.add(parcel(200), 10.05)
    lanes.learn(parcel(150), NEW, 10.05)

    for now in (10.1, 11.0):
        if lanes.ready_in(now) == 0.0:
            assert lanes.take(now, max_records=500, max_bytes=5 * MIB)


def test_only_the_first_parcel_for_a_shard_has_somebody_look_whether_to_send_it() -> None:
    lanes = Lanes(0.0, patience=60.0, shards=2, share=1.0)
    lanes.learn(parcel(100), OLD, 0.0)
    lanes.learn(parcel(500), NEW, 0.0)

    looks = [lanes.add(parcel(key), 10.0) for key in (100, 100, 500, 100, 500)]

    assert looks == [True, False, True, False, False]


def test_a_call_for_full_shards_keeps_to_its_bytes_unless_one_parcel_has_more() -> None:
    lanes = Lanes(0.0, patience=60.0, shards=1, share=1.0)
    for _ in range(5):
        lanes.add(parcel(100, size=1000), 10.0)
    wire = parcel(100, size=1000).wire

    calls = [
        lanes.take(10.0, max_records=500, max_bytes=most) for most in (2 * wire, 3 * wire - 1, 1)
    ]

    assert [len(call) for call in calls] == [2, 2, 1]


def test_records_of_a_group_taken_apart_may_have_arrived_if_the_group_may() -> None:
    outbox = outbox_of(2, aggregate=True)
    assert outbox.ready_in(0.0, flush=True) == 0.0
    call = outbox.take(0.0)
    outbox.settle(call, Answer.failure(TIMED_OUT, 1), 0.0)
    assert outbox.ready_in(9.0, flush=True) == 0.0

    outbox.reject(outbox.take(9.0), "ValidationException", 9.0)

    assert all(one.unanswered for one in outbox.clear())


@pytest.mark.parametrize("aggregate", [False, True])
def test_records_that_were_refused_have_not_arrived(aggregate: bool) -> None:
    outbox = outbox_of(2, aggregate=aggregate)
    assert outbox.ready_in(0.0, flush=True) == 0.0
    call = outbox.take(0.0)
    outbox.settle(call, Answer.failure("InternalFailure", len(call.batch)), 0.0)

    parcels = outbox.clear()

    assert sum(parcel.count for parcel in parcels) == 2
    for parcel in parcels:
        assert not any(one.unanswered for one in (parcel, *parcel.members))


@pytest.mark.parametrize(("accepted", "is_full"), [(0, True), (25, False)])
def test_refusals_fill_a_shard_unless_many_more_records_were_accepted(
    accepted: int, is_full: bool
) -> None:
    outbox = outbox_of(600, max_records=20)
    for _ in range(accepted):
        call = outbox.take(0.0)
        outbox.settle(call, Answer([None] * 20, [None] * 20), 0.0)

    call = outbox.take(0.0)
    parcels = len(call.batch)
    codes = [SHARD_FULL] * 3 + [None] * (parcels - 3)
    outbox.settle(call, Answer(codes, [None] * parcels), 0.0)

    assert (outbox.room < (math.inf, math.inf)) is is_full


def test_records_that_may_not_wait_are_not_held_up_by_full_shards() -> None:
    outbox = Outbox(Settings(give_up_after=0.0), random=lambda: 0.5, now=0.0)
    for number in range(1, 3001):
        outbox.add(held(number), 0.0)
    given_up, now = 0, 0.0

    while given_up < 3000:
        assert now < 10
        if outbox.ready_in(now, flush=True) == 0.0:
            call = outbox.take(now)
            answer = Answer.failure(SHARD_FULL, len(call.batch))
            if settled := outbox.settle(call, answer, now):
                given_up += len(settled.given_up)
        now += 0.02
