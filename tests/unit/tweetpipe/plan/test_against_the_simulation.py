"""The plan against a simulation that follows every record, and shares no formula with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pytest

from tests.unit.tweetpipe.plan.simulation import Counted, Setup, monthly_cost, simulate
from tweetpipe.plan import Load, Mode, Plan, load_prices, make_plan
from tweetpipe.plan.spread import hottest_shard


@dataclass(frozen=True)
class Case:
    """A load, how it is paid for, and how many seconds of it to simulate."""

    load: Load
    seconds: float
    mode: Mode = Mode.PROVISIONED
    seed: int = field(default=1)

    @property
    def takes_long(self) -> bool:
        return self.load.record_rate * self.seconds > 70_000

    def __str__(self) -> str:
        return f"{self.load.rate:g}/s-{self.mode.value}"


TEN_LOADS = [
    Load(rate=1, event_bytes=1400),
    Load(rate=5, event_bytes=2500, window=0),
    Load(rate=20, event_bytes=1400, window=5),
    Load(rate=100, event_bytes=2800),
    Load(rate=300, event_bytes=1400, window=5),
    Load(rate=800, event_bytes=600, memory=128, batch_size=200),
    Load(rate=2000, event_bytes=2500, aggregate=10),
    Load(rate=5000, event_bytes=2500),
    # Bursty: the rate swings between half and one and a half times the average.
    Load(rate=10_000, event_bytes=1400, batch_size=1000, peak_factor=1.5),
    Load(rate=20_000, event_bytes=2500),
]
SECONDS = [10_000, 4000, 2500, 600, 300, 100, 50, 20, 8, 4]
CASES = [
    *(Case(load, seconds) for load, seconds in zip(TEN_LOADS, SECONDS, strict=True)),
    *(Case(TEN_LOADS[index], SECONDS[index], Mode.ON_DEMAND) for index in (0, 5, 6, 7)),
    *(Case(TEN_LOADS[index], SECONDS[index], Mode.ADVANTAGE) for index in (5, 9)),
]

each_case = pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=str(case), marks=[pytest.mark.slow] if case.takes_long else [])
        for case in CASES
    ],
)


@cache
def both(case: Case) -> tuple[Plan, Setup, Counted]:
    """The plan, and what the simulation counts in the stack that was planned."""
    load = case.load
    plan = make_plan(load, case.mode, load_prices("us-east-1"))
    setup = Setup(
        rate=load.rate,
        event_bytes=load.event_bytes,
        item_bytes=load.item_size,
        shards=plan.capacity.shards,
        on_demand=case.mode is Mode.ON_DEMAND,
        advantage=case.mode is Mode.ADVANTAGE,
        parallel=plan.capacity.parallelization,
        batch_size=load.batch_size,
        window=load.window,
        memory=load.memory,
        aggregate=load.aggregate,
        hottest_key=load.hottest_key,
        burst=load.peak_factor,
        seconds=case.seconds,
    )
    return plan, setup, simulate(setup, case.seed)


@each_case
def test_latency_agrees_within_a_twentieth(case: Case) -> None:
    plan, _, counted = both(case)

    assert plan.latency.mean == pytest.approx(counted.mean, rel=0.05)
    assert plan.latency.p50 == pytest.approx(counted.quantile(0.5), rel=0.05)
    assert plan.latency.p99 == pytest.approx(counted.quantile(0.99), rel=0.05)


@each_case
def test_the_bill_agrees_within_a_hundredth(case: Case) -> None:
    plan, setup, counted = both(case)

    assert plan.costs.total == pytest.approx(monthly_cost(setup, counted), rel=0.01)


@each_case
def test_invocations_and_their_time_agree_though_they_cost_little(case: Case) -> None:
    plan, setup, counted = both(case)

    assert plan.batches * setup.seconds == pytest.approx(counted.requests, rel=0.05)
    assert plan.busy * setup.seconds * 1000 == pytest.approx(counted.milliseconds, rel=0.05)


@pytest.mark.heavy
@each_case
def test_the_planned_shards_take_the_load(case: Case) -> None:
    _, _, counted = both(case)

    assert counted.refused < 0.001 * len(counted.latencies)


def test_the_hottest_shard_is_as_hot_as_expected() -> None:
    for largest, shards in ((0.01, 16), (0.01, 64), (0.05, 30)):
        load = Load(rate=2000, event_bytes=300, hottest_key=largest)
        setup = Setup(
            rate=load.rate,
            event_bytes=300,
            item_bytes=load.item_size,
            shards=shards,
            hottest_key=largest,
            seconds=6,
            warm_up=0,
        )
        assert hottest_shard(largest, shards) == pytest.approx(
            simulate(setup, 3).hottest_share, rel=0.2
        )


@pytest.mark.heavy
def test_an_author_too_large_for_a_shard_is_refused_whatever_the_plan_gives() -> None:
    case = Case(Load(rate=4000, event_bytes=600, hottest_key=0.4), seconds=3)
    plan, _, counted = both(case)

    assert "one partition key" in [limit.where for limit in plan.limits if limit.is_hit]
    assert counted.refused > 0.1 * len(counted.latencies)
    assert counted.quantile(0.99) > 2 * plan.latency.p99
