"""A plan for a load, and where provisioned and on-demand streams cost the same."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tweetpipe.plan.capacity import Capacity, make_capacity
from tweetpipe.plan.costs import Costs, make_costs
from tweetpipe.plan.limits import Limit, find_limits
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.prices import Prices
from tweetpipe.plan.reading import Latency, latency, read

LOWEST_RATE, HIGHEST_RATE = 1.0, 1e6
_HIGHEST_PEAK = 1000.0


@dataclass(frozen=True)
class Plan:
    """All figures for a load in one mode.

    `batches` a second and `busy`, the batches that run at a time, are averages of the whole stack.
    """

    mode: Mode
    capacity: Capacity
    batches: float
    busy: float
    latency: Latency
    peak_latency: Latency
    costs: Costs
    limits: tuple[Limit, ...]


def make_plan(load: Load, mode: Mode, prices: Prices) -> Plan:
    """Work out capacity, latency, cost and limits."""
    capacity = make_capacity(load, mode)
    reading = read(load, capacity)
    peak = replace(load, rate=load.rate * load.peak_factor)
    return Plan(
        mode=mode,
        capacity=capacity,
        batches=reading.batches * capacity.concurrency,
        busy=reading.billed_seconds * capacity.concurrency,
        latency=latency(load, reading),
        peak_latency=latency(peak, read(peak, capacity) if peak != load else reading),
        costs=make_costs(load, mode, capacity, reading, prices),
        limits=find_limits(load, mode, capacity, prices),
    )


def month(load: Load, mode: Mode, prices: Prices) -> Costs:
    """The costs alone, for when many loads are compared."""
    capacity = make_capacity(load, mode)
    reading = read(load, capacity, roughly=True)
    return make_costs(load, mode, capacity, reading, prices)


def with_even_keys(load: Load) -> Load:
    """The load without large authors.

    What a large author costs depends on where the rate lifts it over a shard, and would hide what
    the modes cost.
    """
    return replace(load, hottest_author=min(load.hottest_author, 1e-6))


def crossing(load: Load, prices: Prices) -> float | None:
    """The lowest rate, of 1 to 1,000,000 tweets/s, from which on-demand costs no more.

    Shards come whole, so at low rates the cheaper mode may change a few times; what counts is
    the last change. None if on-demand is dearer at the highest rate. Keys are taken as even.
    """
    load = with_even_keys(load)
    rates = log_steps(LOWEST_RATE, HIGHEST_RATE, 72)
    dearer = [rate for rate in rates if _on_demand_is_dearer(replace(load, rate=rate), prices)]
    if not dearer:
        return LOWEST_RATE
    if dearer[-1] == rates[-1]:
        return None
    low = dearer[-1]
    high = rates[rates.index(low) + 1]
    for _ in range(20):
        middle = math.sqrt(low * high)
        if _on_demand_is_dearer(replace(load, rate=middle), prices):
            low = middle
        else:
            high = middle
    return high


def break_even_peak(load: Load, prices: Prices) -> float | None:
    """How many times the average a peak must be for on-demand to cost no more; None if over 1,000.

    A provisioned stream is sized, and paid, for its peak all month. Keys are taken as even.
    """
    load = with_even_keys(load)
    low, high = 1.0, _HIGHEST_PEAK
    if _on_demand_is_dearer(replace(load, peak_factor=high), prices):
        return None
    if not _on_demand_is_dearer(replace(load, peak_factor=low), prices):
        return low
    for _ in range(20):
        middle = math.sqrt(low * high)
        if _on_demand_is_dearer(replace(load, peak_factor=middle), prices):
            low = middle
        else:
            high = middle
    return high


def log_steps(low: float, high: float, steps: int) -> list[float]:
    """Rates from low to high, each the same number of times the one before."""
    return [low * (high / low) ** (step / steps) for step in range(steps + 1)]


def _on_demand_is_dearer(load: Load, prices: Prices) -> bool:
    provisioned, on_demand = (month(load, mode, prices).total for mode in Mode)
    return on_demand > provisioned
