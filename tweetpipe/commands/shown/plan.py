"""A plan on the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Column, Table
from rich.text import Text

from tweetpipe.plan.assumptions import assumptions
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.planning import (
    HIGHEST_RATE,
    LOWEST_RATE,
    Plan,
    break_even_peak,
    crossing,
    make_plan,
)
from tweetpipe.plan.prices import Prices
from tweetpipe.plan.reading import Latency
from tweetpipe.words import counted


def capacity_table(load: Load, plans: Sequence[Plan]) -> Table:
    """What is needed, a column for each mode."""
    table = Table(Column("", style="bold"), *(plan.mode.value for plan in plans))
    rows = [_capacity_rows(load, plan) for plan in plans]
    for name in rows[0]:
        table.add_row(name, *(row[name] for row in rows))
    return table


def _capacity_rows(load: Load, plan: Plan) -> dict[str, str]:
    capacity = plan.capacity
    rows = {
        "Shards": f"{capacity.shards:,} ({_what_shards_are(load, plan)})",
        "Hottest shard": f"{capacity.hottest_share:.1%} of the records, "
        f"{capacity.hottest_load:.0%} full at the peak",
        "Concurrency": f"{capacity.concurrency:,} at most "
        f"(ParallelizationFactor {capacity.parallelization}), "
        f"{plan.busy:.1f} on average",
        "Full batch": f"{counted(capacity.batch_records, 'record')}, "
        f"{capacity.batch_seconds * 1000:,.0f} ms at {load.memory:,} MB",
        "Batches": f"{plan.batches:,.1f}/s, of {load.record_rate / plan.batches:,.1f} records",
        "Table": f"{capacity.writes_per_second:,.0f} write units/s",
        "Latency": _latency(plan.latency),
    }
    if load.peak_factor != 1:
        rows["Latency at the peak"] = _latency(plan.peak_latency)
    return rows


def _what_shards_are(load: Load, plan: Plan) -> str:
    needed = f"the peak fills {plan.capacity.shards_at_peak:,.2f}"
    if plan.mode is Mode.ON_DEMAND:
        return f"{needed}; AWS decides"
    return f"{needed}, headroom {load.headroom:.0%}"


def _latency(latency: Latency) -> str:
    return f"p50 {latency.p50:.2f} s, p99 {latency.p99:.2f} s, mean {latency.mean:.2f} s"


def cost_table(load: Load, plans: Sequence[Plan]) -> Table:
    """The bill of a month, line by line."""
    columns = [Column(head, justify="right") for plan in plans for head in (plan.mode.value, "US$")]
    table = Table("Service", "Unit", *columns)
    names = dict.fromkeys((line.service, line.what) for plan in plans for line in plan.costs.lines)
    for service, what in sorted(names, key=lambda name: _ORDER.index(name[0])):
        cells: list[str] = []
        for plan in plans:
            lines = [
                line for line in plan.costs.lines if (line.service, line.what) == (service, what)
            ]
            cells += [_number(lines[0].quantity), f"{lines[0].cost:,.2f}"] if lines else ["", ""]
        table.add_row(service, what, *cells)
    table.add_section()
    totals = [cell for plan in plans for cell in ("", f"{plan.costs.total:,.2f}")]
    table.add_row("Month", "", *totals, style="bold")
    million = load.rate * load.seconds_per_month / 1e6
    each = [cell for plan in plans for cell in ("", f"{plan.costs.total / million:,.2f}")]
    table.add_row("", f"per M {load.noun}s", *each)
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:,.2f}"


_ORDER = ("Kinesis", "Lambda", "DynamoDB", "CloudWatch", "X")


def notes(load: Load, plans: Sequence[Plan], prices: Prices) -> list[str]:
    """What a person should know about the bill."""
    costs = plans[0].costs
    found = [
        f"Each month of {load.noun}s that stays in the table is {costs.kept_gb:,.1f} GB, and adds "
        f"${costs.kept:,.2f} to every later month (storage and point-in-time recovery).",
    ]
    writes = next(line.cost for line in costs.lines if line.price == "dynamodb_write_million")
    if costs.provisioned_table < writes:
        found.append(
            f"Write capacity provisioned for the peak at 70 % use would cost "
            f"${costs.provisioned_table:,.2f} instead of ${writes:,.2f} for the writes."
        )
    if len(plans) == len(Mode):
        found.append(crossing_note(load, prices))
    if (together := load.aggregated()).aggregate > load.aggregate == 1:
        found.append(_aggregation_note(together, plans, prices))
    found += [_even_note(plan) for plan in plans if _gains_by_even(load, plan)]
    return found


def _gains_by_even(load: Load, plan: Plan) -> bool:
    """Whether shards that get equal parts of the records would be any better."""
    hottest, shards = plan.capacity.hottest_share, plan.capacity.shards
    return plan.mode is Mode.ON_DEMAND and load.aggregate == 1 and hottest * shards > 1


def _even_note(plan: Plan) -> str:
    capacity = plan.capacity
    return (
        "With RecordDistribution=AUTO, which only an on-demand stream has, each of its shards gets "
        f"{1 / capacity.shards:.1%} of the records instead of up to {capacity.hottest_share:.1%}, "
        "whatever the partition keys are; it excludes produce --aggregate."
    )


def _aggregation_note(load: Load, plans: Sequence[Plan], prices: Prices) -> str:
    """What `produce --aggregate` would change, given the load with it and the plans without."""
    changes = []
    for before in plans:
        after = make_plan(load, before.mode, prices)
        shards = (
            f"{counted(after.capacity.shards, 'shard')} instead of {before.capacity.shards:,}, "
        )
        changes.append(
            f"{before.mode.value} {shards if before.mode is Mode.PROVISIONED else ''}"
            f"${after.costs.total:,.2f} instead of ${before.costs.total:,.2f}"
        )
    return (
        f"With produce --aggregate, {load.aggregate} {load.noun}s a record: {'; '.join(changes)} "
        f"(--aggregate {load.aggregate} shows it in full)."
    )


def crossing_note(load: Load, prices: Prices) -> str:
    """Where provisioned and on-demand streams cost the same."""
    rate = crossing(load, prices)
    if rate == LOWEST_RATE:
        return f"On-demand costs no more than provisioned from {LOWEST_RATE:g} {load.noun}/s on."
    if rate is not None:
        return f"On-demand costs no more than provisioned from {rate:,.0f} {load.noun}s/s on."
    peak = break_even_peak(load, prices)
    otherwise = (
        f"At {load.rate:,.0f}/s on-demand is cheaper once peaks reach {peak:,.0f} times the "
        "average (--peak-factor)."
        if peak
        else f"At {load.rate:,.0f}/s no peak up to 1,000 times the average changes that."
    )
    start = (
        "Large keys aside, at a steady rate"
        if load.peak_factor == 1
        else "Large keys aside, with these peaks"
    )
    return (
        f"{start} on-demand is dearer up to {HIGHEST_RATE:,.0f} {load.noun}s/s: the lines do "
        f"not cross. {otherwise}"
    )


def limit_lines(plans: Sequence[Plan]) -> list[Text]:
    """Each limit that is hit or close, once, with the modes it belongs to."""
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
    """Everything a plan says, for another program."""
    both = len(plans) == len(Mode)
    return {
        "load": asdict(load) | {"item_bytes": load.item_size},
        "region": prices.region,
        "plans": [
            asdict(plan) | {"costs": asdict(plan.costs) | {"total": plan.costs.total}}
            for plan in plans
        ],
        "crossing_rate": crossing(load, prices) if both else None,
        "break_even_peak_factor": break_even_peak(load, prices) if both else None,
        "assumptions": assumptions(load, prices),
        "prices": {"read_on": prices.read_on}
        | {name: asdict(price) for name, price in prices.prices.items()},
    }
