"""A mapping under any sequence of faults and changes, with a full account of its records.

Every record is delivered or given up, exactly once. The records of a key stay in order, and never
two of its batches run at once. A record that a checkpoint counts as done stays done.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from localstack_embedded.plugin.mapping.interfaces import Answer, Batch, Checkpoint, Record
from localstack_embedded.tests.mapping_world import DONE, FAILED, World, item_failures

KEYS = [*"abcdefgh", None]
SETTINGS = st.fixed_dictionaries(
    {
        "BatchSize": st.sampled_from([1, 2, 3, 10, 100]),
        "MaximumBatchingWindowInSeconds": st.sampled_from([0, 0, 3, 30]),
        "ParallelizationFactor": st.sampled_from([1, 1, 2, 3, 10]),
        "BisectBatchOnFunctionError": st.booleans(),
        "MaximumRetryAttempts": st.sampled_from([0, 1, 3, -1]),
        "MaximumRecordAgeInSeconds": st.sampled_from([-1, 60, 300]),
        "TumblingWindowInSeconds": st.sampled_from([0, 0, 0, 20]),
        "FunctionResponseTypes": st.sampled_from([[], ["ReportBatchItemFailures"]]),
    }
)


DEFAULTS = {"FunctionResponseTypes": [], "TumblingWindowInSeconds": 0}


class Simulation(RuleBasedStateMachine):
    """The function fails at random, and always if its batch has a poison record."""

    @initialize(shards=st.integers(1, 3), chosen=SETTINGS, seed=st.integers(0, 2**32))
    def begin(self, shards: int, chosen: dict[str, Any], seed: int) -> None:
        self.world = World(shards)
        self.random = random.Random(seed)
        self.chosen = chosen
        self.made = 0
        self.faults = 0.0
        self.expected: set[str] = set()
        self.filtered: set[str] = set()
        self.delivered: Counter[str] = Counter()
        self.order: defaultdict[str | None, list[str]] = defaultdict(list)
        self.known: dict[str, Checkpoint] = {}
        self.world.answer = self.answer
        self.start()

    @property
    def lost(self) -> set[str]:
        """The sequence numbers of the records that were given up."""
        return {one.sequence_number for lost in self.world.given_up for one in lost.batch.records}

    def start(self) -> None:
        self.world.start(matches=self.matches, **self.chosen)

    def matches(self, record: Record) -> bool:
        return b"skip" not in record.data

    def answer(self, batch: Batch) -> Answer:
        """The function's answer; notes which records it has processed."""
        done = len(batch.records)
        answer = DONE
        bad = [at for at, one in enumerate(batch.records) if b"poison" in one.data]
        reports = (
            self.chosen["FunctionResponseTypes"] and not self.chosen["TumblingWindowInSeconds"]
        )
        if bad or self.random.random() < self.faults:
            kind = self.random.choice(["error", "partial", "throttle", "service", "nonsense"])
            if kind in ("throttle", "service") and not bad:
                answer, done = Answer(failure="throttled" if kind == "throttle" else "service"), 0
            elif reports and kind == "partial" and batch.records:
                done = bad[0] if bad else self.random.randrange(done)
                answer = item_failures(batch.records[done].sequence_number)
            elif reports and kind == "nonsense":
                answer, done = item_failures("nonsense"), 0
            else:
                answer, done = FAILED, 0
        elif batch.window is not None:
            answer = Answer({"state": {"n": batch.window.state.get("n", 0) + done}})
        for record in batch.records[:done]:
            self.delivered[record.sequence_number] += 1
            self.order[record.partition_key].append(record.sequence_number)
        return answer

    @rule(
        keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=30),
        kind=st.sampled_from(["good", "good", "good", "skip", "poison"]),
    )
    def put(self, keys: list[str | None], kind: str) -> None:
        for key in keys:
            self.made += 1
            text = kind if self.made % 5 == 0 else "good"
            numbers = self.world.put(f"{text}{self.made}", key=key)
            (self.filtered if text == "skip" else self.expected).update(numbers)

    @rule(seconds=st.sampled_from([0, 0.1, 1, 5, 40, 100]))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(faults=st.sampled_from([0.0, 0.2, 0.6]), takes=st.sampled_from([0, 0.01, 3]))
    def have_the_function_behave(self, faults: float, takes: float) -> None:
        self.faults, self.world.takes = faults, takes

    @rule(refuses=st.booleans())
    def have_the_destination_refuse(self, refuses: bool) -> None:
        self.world.refusal = OSError if refuses else None

    @rule(count=st.integers(1, 5))
    def resize(self, count: int) -> None:
        self.world.stream.resize(count)

    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        shard = data.draw(st.sampled_from(self.world.stream.open_shards))
        if shard.end - shard.start > 2:
            self.world.stream.split(shard.id, (shard.start + shard.end) // 2)

    @precondition(lambda self: len(self.world.stream.open_shards) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        shards = self.world.stream.open_shards
        at = data.draw(st.integers(0, len(shards) - 2))
        self.world.stream.merge(shards[at].id, shards[at + 1].id)

    @rule(chosen=SETTINGS, paused=st.sampled_from([0, 1, 30]), puts=st.integers(0, 10))
    def change(self, chosen: dict[str, Any], paused: float, puts: int) -> None:
        self.world.stop()
        done = self.filtered | set(self.delivered) | self.lost
        assert not any(done.intersection(one.open) for one in self.world.checkpoints.values())
        self.put([KEYS[self.made % 8]] * puts, "good")
        self.world.wait(paused)
        self.chosen = chosen
        self.start()

    @invariant()
    def no_record_is_done_twice(self) -> None:
        given_up = Counter(
            one.sequence_number for lost in self.world.given_up for one in lost.batch.records
        )
        both = self.delivered + given_up
        assert not both or max(both.values()) == 1
        assert self.expected.issuperset(both)

    @invariant()
    def keys_keep_their_order(self) -> None:
        assert all(numbers == sorted(numbers) for key, numbers in self.order.items() if key)
        assert not self.world.clashes

    @invariant()
    def checkpoints_never_go_back(self) -> None:
        for shard_id, before in self.known.items():
            now = self.world.checkpoints[shard_id]
            assert now.done >= before.done
            assert all(one in before.open or one > before.done for one in now.open)
        self.known = dict(self.world.checkpoints)
        done = self.filtered | set(self.delivered) | self.lost
        for shard_id, now in self.known.items():
            held = {one.sequence_number for one in self.world.stream.read(shard_id, 0).records}
            assert done.issuperset({one for one in held if one <= now.done} - set(now.open))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.end()
            finally:
                self.world.close()

    def end(self) -> None:
        """Let all batches finish, and check the account."""
        self.faults, self.world.takes, self.world.refusal = 0.0, 0.0, None
        self.change({**DEFAULTS, "MaximumRetryAttempts": 1}, 0, 1)
        self.world.wait(200)
        self.no_record_is_done_twice()
        self.keys_keep_their_order()
        self.checkpoints_never_go_back()
        assert self.lost | set(self.delivered) == self.expected
        assert self.world.counts["filtered_out"] == len(self.filtered)
        assert self.world.counts["dropped"] == len(self.lost)


TestSimulation = Simulation.TestCase
TestSimulation.settings = settings(
    max_examples=settings().max_examples * 3 // 10,
    stateful_step_count=30,
    deadline=None,
    # Without Phase.shrink, which would take minutes.
    phases=[Phase.explicit, Phase.generate],
)
