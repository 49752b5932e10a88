"""A plan for a load, and where two ways of paying for the stream cost the same."""

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


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All figures for a load in one mode and case.

    `batches` a second and `busy`, the batches that run at a time, are averages of the whole stack.
    """

    capacity: Capacity
    batches: float
    busy: float
    latency: Latency
    peak_latency: Latency
    costs: Costs


@dataclass(frozen=True, kw_only=True)
class Plan(Figures):
    """The likely figures for a load in one mode, and its bounds: those of the other cases."""

    mode: Mode
    limits: tuple[Limit, ...]
    bounds: tuple[Figures, ...]

    def span(self, figure: Callable[[Figures], float]) -> tuple[float, float]:
        """From where to where a figure goes, over all cases."""
        values = [figure(each) for each in (self, *self.bounds)]
        return min(values), max(values)


def make_plan(load: Load, mode: Mode, prices: Prices) -> Plan:
    """Work out capacity, latency, cost and limits."""
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
    """The costs alone, for when many loads are compared."""
    capacity = make_capacity(load, mode)
    reading = read(load, capacity, roughly=True)
    return make_costs(load, mode, capacity, reading, prices)


def with_even_keys(load: Load) -> Load:
    """The load without large keys.

    What a large key costs depends on where the rate lifts it over a shard, and would hide what
    the modes cost.
    """
    return replace(load, hottest_key=min(load.hottest_key, 1e-6))


def crossing(
    load: Load, prices: Prices, mode: Mode = Mode.ON_DEMAND, other: Mode = Mode.PROVISIONED
) -> float | None:
    """The lowest rate, of 1 to 1,000,000 events/s, from which a mode costs no more than another.

    Shards come whole, so at low rates the cheaper mode may change a few times; what counts is
    the last change. None if it is dearer at the highest rate. Keys are taken as even.
    """
    return crossings(load, prices, [(mode, other)])[0]


def crossings(load: Load, prices: Prices, pairs: Sequence[tuple[Mode, Mode]]) -> list[float | None]:
    """The same for several modes, each with the one that it is compared with."""
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
    """How many times the average a peak must be for on-demand to cost no more; None if over 1,000.

    A provisioned stream is sized, and paid, for its peak all month. Keys are taken as even.
    """
    load = with_even_keys(load)

    def is_dearer(peak: float) -> bool:
        return _is_dearer(replace(load, peak_factor=peak), prices, Mode.ON_DEMAND, Mode.PROVISIONED)

    if is_dearer(_HIGHEST_PEAK):
        return None
    return _halving(1.0, _HIGHEST_PEAK, is_dearer) if is_dearer(1.0) else 1.0


def log_steps(low: float, high: float, steps: int) -> list[float]:
    """Rates from low to high, each the same number of times the one before."""
    return [low * (high / low) ** (step / steps) for step in range(steps + 1)]


def _halving(low: float, high: float, is_dearer: Callable[[float], bool]) -> float:
    """Where it ends to be dearer, between a value where it is and one where it isn't."""
    for _ in range(20):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if is_dearer(middle) else (low, middle)
    return high


def _is_dearer(load: Load, prices: Prices, mode: Mode, other: Mode) -> bool:
    return month(load, mode, prices).total > month(load, other, prices).total
