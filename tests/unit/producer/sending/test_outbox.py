"""Any course of answers: each record ends once, and nothing waits for ever."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from producer.outgoing import OutgoingRecord
from producer.sending.answer import SHARD_FULL, TIMED_OUT, Answer
from producer.sending.batches import Group, Held, Parcel
from producer.sending.outbox import Call, Outbox, Settled
from producer.settings import Settings

KEYS = 1 << 128
SEVERE = (TIMED_OUT, "ServiceUnavailable", SHARD_FULL)
ACCEPTED, FULL, FULL_NAMED, FAILED = "accepted", "full", "full, with its name", "InternalFailure"


class AnyCourse(RuleBasedStateMachine):
    """What Kinesis may answer, to records of two sizes, with shards that split."""

    aggregate = False

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.settings = Settings(aggregate=self.aggregate, give_up_after=5.0)
        self.outbox = Outbox(self.settings, random=random.Random(3).random, now=0.0)
        self.shards = {0: 0}  # the first key of each
        self.next_shard = 1
        self.calls: list[Call] = []
        self.settled: Counter[int] = Counter()
        self.read: list[Held] = []
        self.groups: dict[int, Group] = {}
        self.rejected: set[int] = set()

    def shard_of(self, parcel: Parcel) -> str:
        _, number = max(item for item in self.shards.items() if item[0] <= parcel.hash_key)
        return f"shardId-{number:012}"

    def book(self, settled: Settled | None) -> None:
        assert settled is not None
        for parcel in (*settled.sent, *settled.given_up):
            self.settled.update(held.number for held in parcel.members)

    def take(self, *, flush: bool) -> Call | None:
        if self.outbox.ready_in(self.now, flush=flush) != 0.0:
            return None
        call = self.outbox.take(self.now)
        assert call.batch
        for parcel in call.batch:
            for held in parcel.members:
                whole = self.groups.get(held.number)
                assert whole in (None, parcel) or held.number in self.rejected
                if isinstance(parcel, Group):
                    self.groups[held.number] = parcel
        self.calls.append(call)
        return call

    @rule(count=st.sampled_from([1, 5, 60, 400]), size=st.sampled_from([100, 8_000]))
    def add(self, count: int, size: int) -> None:
        for _ in range(count):
            number = len(self.read) + 1
            record = OutgoingRecord(b"", str(number))
            held = Held(record, size=size, since=self.now, number=number, start=number)
            self.read.append(held)
            self.outbox.add(held, self.now)

    @rule(count=st.integers(1, 4), flush=st.booleans())
    def send(self, count: int, flush: bool) -> None:
        while len(self.calls) < 4 and count and self.take(flush=flush):
            count -= 1

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.3, 2.0, 7.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.calls)
    @rule(
        index=st.integers(0, 3),
        codes=st.lists(st.sampled_from([ACCEPTED, FULL, FULL_NAMED, FAILED]), min_size=1),
    )
    def answer(self, index: int, codes: list[str]) -> None:
        call = self.calls.pop(index % len(self.calls))
        entries = list(zip(call.batch, itertools.cycle(codes), strict=False))
        errors = {ACCEPTED: None, FULL: SHARD_FULL, FULL_NAMED: SHARD_FULL, FAILED: FAILED}
        answer = Answer(
            [errors[code] for _, code in entries],
            [self.shard_of(p) if code in (ACCEPTED, FULL_NAMED) else None for p, code in entries],
        )
        self.book(self.outbox.settle(call, answer, self.now))

    @precondition(lambda self: self.calls)
    @rule(index=st.integers(0, 3), code=st.sampled_from(SEVERE))
    def fail(self, index: int, code: str) -> None:
        call = self.calls.pop(index % len(self.calls))
        answer = Answer.failure(code, len(call.batch))
        self.book(self.outbox.settle(call, answer, self.now))

    @precondition(lambda self: self.calls)
    @rule(index=st.integers(0, 3))
    def reject(self, index: int) -> None:
        call = self.calls.pop(index % len(self.calls))
        if len(call.batch) == 1:
            self.rejected.update(held.number for held in call.batch[0].members)
        self.book(self.outbox.reject(call, "ValidationException", self.now))

    @rule(share=st.floats(0, 1, exclude_max=True))
    def split(self, share: float) -> None:
        first = max(key for key in self.shards if key <= int(share * KEYS))
        end = min((key for key in self.shards if key > first), default=KEYS)
        self.shards[first] = self.next_shard
        self.shards[(first + end) // 2] = self.next_shard + 1
        self.next_shard += 2

    @invariant()
    def nothing_ends_twice(self) -> None:
        assert not self.settled or max(self.settled.values()) == 1

    @invariant()
    def no_position_is_beyond_what_is_in_hand(self) -> None:
        in_hand = (held.start for held in self.read if not self.settled[held.number])
        assert self.outbox.first_start() == min(in_hand, default=math.inf)

    @invariant()
    def what_is_said_of_the_shards_is_possible(self) -> None:
        shards = self.outbox.shards(self.now, offered=100.0)
        if shards is not None:
            assert 1 <= shards.full <= shards.known <= self.next_shard
            assert shards.wanted is None or shards.wanted > shards.known

    def teardown(self) -> None:
        """Accept everything from now on: all ends soon, or is in what is left in the end."""
        if len(self.read) % 2:
            leftovers = self.outbox.clear()
            self.settled.update(held.number for parcel in leftovers for held in parcel.members)
            for call in self.calls:
                self.outbox.break_off(call, self.now, unanswered=True)
                nothing: list[str | None] = [None] * len(call.batch)
                assert self.outbox.settle(call, Answer(nothing, nothing), self.now) is None
            assert self.outbox.first_start() == math.inf
        else:
            started = self.now
            while self.outbox.first_start() < math.inf:
                assert self.now - started < 120
                while len(self.calls) < 4 and self.take(flush=True):
                    pass
                if self.calls:
                    self.now += 0.02
                    self.answer(0, [ACCEPTED])
                else:
                    seconds = self.outbox.ready_in(self.now, flush=True)
                    assert seconds
                    self.now += seconds
        assert self.settled == Counter(held.number for held in self.read)


class AnyCourseOfGroups(AnyCourse):
    aggregate = True


AnyCourse.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
AnyCourseOfGroups.TestCase.settings = AnyCourse.TestCase.settings
TestAnyCourse = AnyCourse.TestCase
TestAnyCourseOfGroups = AnyCourseOfGroups.TestCase
