"""Notes on the bill of a plan, in sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from tweetpipe.commands.shown.span import money
from tweetpipe.plan import constants as c
from tweetpipe.plan import planning
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.planning import (
    HIGHEST_RATE,
    LOWEST_RATE,
    Figures,
    Plan,
    break_even_peak,
    make_plan,
)
from tweetpipe.plan.prices import Prices
from tweetpipe.words import counted

_COMPARED = (
    (Mode.ON_DEMAND, Mode.PROVISIONED),
    (Mode.ADVANTAGE, Mode.ON_DEMAND),
    (Mode.ADVANTAGE, Mode.PROVISIONED),
)


def notes(load: Load, plans: Sequence[Plan], prices: Prices) -> list[str]:
    """What the bill leaves out, and what would change it."""
    return [
        *_of_table(load, plans[0]),
        *_of_modes(load, [plan.mode for plan in plans], prices),
        *_of_aggregation(load, plans, prices),
        *(_of_even_shards(plan) for plan in plans if _gains_by_even_shards(load, plan)),
    ]


def crossings(
    load: Load, modes: Sequence[Mode], prices: Prices
) -> list[tuple[Mode, Mode, float | None]]:
    """The rate from which one planned mode costs no more than another."""
    pairs = [pair for pair in _COMPARED if set(pair) <= set(modes)]
    rates = planning.crossings(load, prices, pairs)
    return [(*pair, rate) for pair, rate in zip(pairs, rates, strict=True)]


def _of_table(load: Load, plan: Plan) -> Iterator[str]:
    def dollars(value: Callable[[Figures], float]) -> str:
        return f"${money(plan.span(value))}"

    def writes(figures: Figures) -> float:
        return next(line.cost for line in figures.costs.lines if line.service == "DynamoDB")

    yield (
        f"Each month of {load.nouns} kept in the table takes "
        f"{money(plan.span(lambda each: each.costs.kept_gb))} GB and adds "
        f"{dollars(lambda each: each.costs.kept)} to every later month for storage and "
        "point-in-time recovery."
    )
    if load.noun == "tweet":
        yield (
            "Each run of `tweetpipe comply` reads the table twice and costs "
            f"{dollars(lambda each: each.costs.complying)} per month of tweets in it. An index on "
            f"ids would cost {dollars(writes)} every month, as much as the writes."
        )
    if plan.costs.provisioned_table < writes(plan):
        yield (
            "Write capacity provisioned for the peak at 70% utilization would cost "
            f"{dollars(lambda each: each.costs.provisioned_table)} instead of {dollars(writes)} "
            "for the writes."
        )
    if plan.costs.warming:
        peak = math.ceil(min(plan.capacity.peak_writes_per_second, c.TABLE_WRITES))
        yield (
            f"WarmWriteUnits={peak} prepares a new table for the peak for about "
            f"${plan.costs.warming:,.2f} once, if a unit costs as much as a provisioned one for an "
            "hour. AWS documents that it charges once, but not how much."
        )


def _of_modes(load: Load, modes: Sequence[Mode], prices: Prices) -> Iterator[str]:
    names = {
        Mode.PROVISIONED: "provisioned",
        Mode.ON_DEMAND: "on-demand",
        Mode.ADVANTAGE: "on-demand Advantage",
    }
    for mode, other, rate in crossings(load, modes, prices):
        compared = f"costs no more than {names[other]}"
        name = names[mode][0].upper() + names[mode][1:]
        if rate == LOWEST_RATE:
            yield f"{name} {compared} at {LOWEST_RATE:g} {load.noun}/s or more."
        elif rate is not None:
            yield f"{name} {compared} at about {_two_digits(rate)} {load.nouns}/s or more."
        elif other is Mode.PROVISIONED:
            peaks = "at a steady rate" if load.peak_factor == 1 else "with these peaks"
            yield (
                f"{name} costs more than provisioned {peaks}, at any rate up to "
                f"{HIGHEST_RATE:,.0f} {load.nouns}/s (large keys aside). "
                + (_peak(load, prices) if mode is Mode.ON_DEMAND else "")
            ).rstrip()


def _peak(load: Load, prices: Prices) -> str:
    if peak := break_even_peak(load, prices):
        return (
            f"At {load.rate:,.0f}/s, on-demand is cheaper if peaks reach about "
            f"{_two_digits(peak)} times the average (--peak-factor)."
        )
    return f"At {load.rate:,.0f}/s, no peak up to 1,000 times the average changes that."


def _two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):,.0f}"


def _of_aggregation(load: Load, plans: Sequence[Plan], prices: Prices) -> Iterator[str]:
    """The effect of `produce --aggregate`."""
    together = load.aggregated()
    if not together.aggregate > load.aggregate == 1 or load.spreads_evenly:
        return
    changes = []
    for before in plans:
        after = make_plan(together, before.mode, prices)
        shards = (
            f"{counted(after.capacity.shards, 'shard')} instead of {before.capacity.shards:,}, "
            if before.mode is Mode.PROVISIONED
            else ""
        )
        saved = before.costs.total - after.costs.total
        less = f"about ${_two_digits(saved)} less a month" if saved >= 1 else "no saving"
        changes.append(f"{before.mode.value} {shards}{less}")
    yield (
        f"With produce --aggregate, which packs {together.aggregate} {load.nouns} into a record: "
        f"{'; '.join(changes)} (for the details, use --aggregate {together.aggregate})."
    )


def _gains_by_even_shards(load: Load, plan: Plan) -> bool:
    """Whether an even distribution over the shards would help."""
    hottest, shards = plan.capacity.hottest_share, plan.capacity.shards
    return plan.mode is Mode.ON_DEMAND and load.aggregate == 1 and hottest * shards > 1


def _of_even_shards(plan: Plan) -> str:
    capacity = plan.capacity
    return (
        "With RecordDistribution=AUTO, available only on an on-demand stream, each shard gets "
        f"{1 / capacity.shards:.1%} of the records instead of up to {capacity.hottest_share:.1%}, "
        "whatever the partition keys. It does not work with produce --aggregate (for the details, "
        "use --record-distribution AUTO)."
    )
