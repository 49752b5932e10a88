"""A plan on the terminal, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict

from rich.table import Column, Table
from rich.text import Text

from tweetpipe.commands.shown.plan_notes import crossings
from tweetpipe.commands.shown.span import figure, money
from tweetpipe.plan.assumptions import assumptions
from tweetpipe.plan.costs import CostLine
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.offers import Price
from tweetpipe.plan.planning import Figures, Plan, break_even_peak
from tweetpipe.plan.prices import Prices
from tweetpipe.words import counted


def capacity_table(load: Load, plans: Sequence[Plan]) -> Table:
    """The capacity that the load needs, one column per mode."""
    table = Table(Column("", style="bold"), *(plan.mode.value for plan in plans))
    rows = [_capacity_rows(load, plan) for plan in plans]
    for name in rows[0]:
        table.add_row(name, *(row[name] for row in rows))
    return table


def _capacity_rows(load: Load, plan: Plan) -> dict[str, str]:
    capacity = plan.capacity

    def of(value: Callable[[Figures], float]) -> str:
        return figure(plan.span(value))

    rows = {
        "Shards": _shards(load, plan),
        "Hottest shard": f"{capacity.hottest_share:.1%} of the records, "
        f"{capacity.hottest_load:.0%} full at the peak",
        "Concurrency": f"{of(lambda each: each.capacity.concurrency)} at most "
        f"(ParallelizationFactor {of(lambda each: each.capacity.parallelization)}), "
        f"{of(lambda each: each.busy)} on average",
        "Full batch": f"{counted(capacity.batch_records, 'record')}, "
        f"{of(lambda each: each.capacity.batch_seconds * 1000)} ms at {load.memory:,} MB",
        "Batches": f"{of(lambda each: each.batches)}/s, of "
        f"{of(lambda each: load.record_rate / each.batches)} records",
        "Table": f"{of(lambda each: each.capacity.writes_per_second)} write units/s",
        "Latency": f"p50 {of(lambda each: each.latency.p50)} s, "
        f"p99 {of(lambda each: each.latency.p99)} s",
    }
    if load.peak_factor != 1:
        rows["Latency at the peak"] = (
            f"p50 {of(lambda each: each.peak_latency.p50)} s, "
            f"p99 {of(lambda each: each.peak_latency.p99)} s"
        )
    return rows


def _shards(load: Load, plan: Plan) -> str:
    needed = f"the peak fills {plan.capacity.shards_at_peak:,.2f}"
    if plan.mode is Mode.PROVISIONED:
        return f"{plan.capacity.shards:,} ({needed}, headroom {load.headroom:.0%})"
    return f"{figure(plan.span(lambda each: each.capacity.shards))} ({needed}; AWS decides)"


def cost_table(load: Load, plans: Sequence[Plan]) -> Table:
    """The monthly bill, line by line."""
    modes = [Column(f"{plan.mode.value} US$", justify="right") for plan in plans]
    table = Table("Service", "Unit", Column("Quantity", justify="right"), *modes)
    names = dict.fromkeys((line.service, line.what) for plan in plans for line in plan.costs.lines)
    for service, what in sorted(names, key=lambda name: _ORDER.index(name[0])):
        quantities = [_span(plan, service, what, lambda line: line.quantity) for plan in plans]
        ends = [end for span in quantities if span for end in span]
        if any(ends):
            costs = [_span(plan, service, what, lambda line: line.cost) for plan in plans]
            cells = [money(span) if span else "" for span in costs]
            table.add_row(service, what, figure((min(ends), max(ends))), *cells)
    table.add_section()
    million = load.rate * load.seconds_per_month / 1e6
    totals = [plan.span(lambda each: each.costs.total) for plan in plans]
    table.add_row("Month", "", "", *map(money, totals), style="bold")
    each = [money((low / million, high / million)) for low, high in totals]
    table.add_row("", f"per M {load.nouns}", "", *each)
    return table


_ORDER = ("Kinesis", "Lambda", "DynamoDB", "CloudWatch", "X")


def _span(
    plan: Plan, service: str, what: str, value: Callable[[CostLine], float]
) -> tuple[float, float] | None:
    """The range of a line of the bill; None if the plan has no such line."""

    def of(each: Figures) -> float:
        return next(
            value(line) for line in each.costs.lines if (line.service, line.what) == (service, what)
        )

    try:
        return plan.span(of)
    except StopIteration:
        return None


def limit_lines(plans: Sequence[Plan]) -> list[Text]:
    """Each limit that is hit or close, once, with the modes that it applies to."""
    found: dict[str, tuple[bool, Text, list[str]]] = {}
    for plan in plans:
        for limit in plan.limits:
            line = Text.assemble(
                ("hit   " if limit.is_hit else "close ", "bold red" if limit.is_hit else "yellow"),
                (limit.where, "bold"),
                f": {limit.what}; {limit.remedy}",
            )
            found.setdefault(line.plain, (limit.is_hit, line, []))[2].append(plan.mode.value)
    lines = sorted(found.values(), key=lambda entry: not entry[0])
    for _, line, modes in lines:
        if len(modes) < len(plans):
            line.append(f" ({' and '.join(modes)})", "dim")
    return [line for _, line, _ in lines]


def as_json(load: Load, plans: Sequence[Plan], prices: Prices) -> dict[str, object]:
    """The whole plan as JSON."""
    modes = [plan.mode for plan in plans]
    both = {Mode.PROVISIONED, Mode.ON_DEMAND} <= set(modes)
    return {
        "load": asdict(load) | {"item_bytes": load.item_size},
        "region": prices.region,
        "plans": [
            asdict(plan)
            | _with_total(plan)
            | {"bounds": [asdict(each) | _with_total(each) for each in plan.bounds]}
            for plan in plans
        ],
        "crossing_rates": [
            {"mode": mode.value, "costs_no_more_than": other.value, "from_rate": rate}
            for mode, other, rate in crossings(load, modes, prices)
        ],
        "break_even_peak_factor": break_even_peak(load, prices) if both else None,
        "assumptions": assumptions(load, modes, prices),
        "prices": {"published": prices.published}
        | {name: _price_as_json(price) for name, price in prices.prices.items()},
    }


def _with_total(figures: Figures) -> dict[str, object]:
    return {"costs": asdict(figures.costs) | {"total": figures.costs.total}}


def _price_as_json(price: Price) -> dict[str, object]:
    tiers = [
        asdict(tier) | {"end": None if tier.end == math.inf else tier.end} for tier in price.tiers
    ]
    return asdict(price) | {"tiers": tiers}
