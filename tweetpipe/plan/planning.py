"""Makes a plan for a load, and finds where two capacity modes cost the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from tweetpipe.plan.capacity import Capacity, make_capacity
from tweetpipe.plan.cases import LEAST, MOST
from tweetpipe.plan.costs import Costs, make_costs
from tweetpipe.plan.limits import Limit, find_limits
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.prices import Prices
from tweetpipe.plan.reading import Latency, latency, read

LOWEST_RATE, HIGHEST_RATE = 1.0, 1e6
_HIGHEST_PEAK = 1000.0
_COMPARED = (Mode.ON_DEMAND, Mode.PROVISIONED)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All figures for a load in one mode and case.

    `batches` per second and `busy`, the batches running at a time, are averages of the whole stack.
    """

    capacity: Capacity
    batches: float
    busy: float
    latency: Latency
    peak_latency: Latency
    costs: Costs


@dataclass(frozen=True, kw_only=True)
class Plan(Figures):
    """The likely figures for a load in one mode; `bounds` has the figures of the other cases."""

    mode: Mode
    limits: tuple[Limit, ...]
    bounds: tuple[Figures, ...]

    def span(self, figure: Callable[[Figures], float]) -> tuple[float, float]:
        """The lowest and highest value of a figure over all cases."""
        values = [figure(each) for each in (self, *self.bounds)]
        return min(values), max(values)


def make_plan(load: Load, mode: Mode, prices: Prices) -> Plan:
    """Compute capacity, latency, cost, and limits."""
    likely = _figures(load, mode, prices)
    return Plan(
        **vars(likely),
        mode=mode,
        limits=find_limits(load, mode, likely.capacity, prices),
        bounds=tuple(
            _figures(replace(load, case=case), mode, prices, roughly=True) for case in (LEAST, MOST)
        ),
    )


def _figures(load: Load, mode: Mode, prices: Prices, *, roughly: bool = False) -> Figures:
    capacity = make_capacity(load, mode)
    reading = read(load, capacity, roughly=roughly)
    peak = replace(load, rate=load.rate * load.peak_factor)
    return Figures(
        capacity=capacity,
        batches=reading.batches * capacity.concurrency,
        busy=reading.billed_seconds * capacity.concurrency,
        latency=latency(load, reading),
        peak_latency=latency(
            peak, read(peak, capacity, roughly=roughly) if peak != load else reading
        ),
        costs=make_costs(load, mode, capacity, reading, prices),
    )


def month(load: Load, mode: Mode, prices: Prices) -> Costs:
    """Only the costs, to compare many loads quickly."""
    capacity = make_capacity(load, mode)
    reading = read(load, capacity, roughly=True)
    return make_costs(load, mode, capacity, reading, prices)


def with_even_keys(load: Load) -> Load:
    """The load without large keys.

    The cost of a large key jumps where the rate makes it exceed a shard, which would obscure the
    cost of the modes.
    """
    return replace(load, hottest_key=min(load.hottest_key, 1e-6))


def crossing(
    load: Load, prices: Prices, mode: Mode = Mode.ON_DEMAND, other: Mode = Mode.PROVISIONED
) -> float | None:
    """The lowest rate, from 1 to 1,000,000 events/s, above which a mode costs no more than another.

    Because shards come in whole numbers, the cheaper mode may change a few times at low rates; this
    is the last change. None if the mode costs more at the highest rate. Assumes even keys.
    """
    return crossings(load, prices, [(mode, other)])[0]


def crossings(load: Load, prices: Prices, pairs: Sequence[tuple[Mode, Mode]]) -> list[float | None]:
    """The same for several pairs of modes."""
    load = with_even_keys(load)

    @cache
    def cost(rate: float, mode: Mode) -> float:
        return month(replace(load, rate=rate), mode, prices).total

    def is_dearer(mode: Mode, other: Mode, rate: float) -> bool:
        return cost(rate, mode) > cost(rate, other)

    return [_crossing(partial(is_dearer, *pair)) for pair in pairs]


def _crossing(is_dearer: Callable[[float], bool]) -> float | None:
    rates = log_steps(LOWEST_RATE, HIGHEST_RATE, 72)
    dearer = [rate for rate in rates if is_dearer(rate)]
    if not dearer:
        return LOWEST_RATE
    if dearer[-1] == rates[-1]:
        return None
    low = dearer[-1]
    return _halving(low, rates[rates.index(low) + 1], is_dearer)


def break_even_peak(load: Load, prices: Prices) -> float | None:
    """The peak factor from which on-demand costs no more than provisioned; None if over 1,000.

    A provisioned stream is sized and paid for its peak all month. Assumes even keys.
    """
    load = with_even_keys(load)

    def is_dearer(peak: float) -> bool:
        peaked = replace(load, peak_factor=peak)
        on_demand, provisioned = (month(peaked, mode, prices).total for mode in _COMPARED)
        return on_demand > provisioned

    if is_dearer(_HIGHEST_PEAK):
        return None
    return _halving(1.0, _HIGHEST_PEAK, is_dearer) if is_dearer(1.0) else 1.0


def log_steps(low: float, high: float, steps: int) -> list[float]:
    """Rates from low to high in steps of a constant factor."""
    return [low * (high / low) ** (step / steps) for step in range(steps + 1)]


def _halving(low: float, high: float, is_dearer: Callable[[float], bool]) -> float:
    """The value where `is_dearer` turns false, between `low`, where it is true, and `high`."""
    for _ in range(20):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if is_dearer(middle) else (low, middle)
    return high
