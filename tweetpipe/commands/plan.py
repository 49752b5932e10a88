"""tweetpipe plan."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from statistics import mean
from typing import Annotated

import typer
from rich.text import Text

from processor.attributes import item_size
from tweetpipe import events
from tweetpipe.aws.errors import TweetpipeError, WrongUsage
from tweetpipe.commands import terminal
from tweetpipe.commands.options import JsonOption
from tweetpipe.commands.shown.plan import as_json, capacity_table, cost_table, limit_lines
from tweetpipe.commands.shown.plan_notes import notes
from tweetpipe.events import Events
from tweetpipe.plan import Load, Mode, make_plan
from tweetpipe.plan.assumptions import assumptions
from tweetpipe.plan.prices import Prices, load_prices

_STACK = "Stack parameters"
_FAKES = 200  # the number of fake events whose sizes are averaged


class Modes(StrEnum):
    """The capacity mode of the stream to plan for."""

    PROVISIONED = Mode.PROVISIONED.value
    ON_DEMAND = Mode.ON_DEMAND.value
    ADVANTAGE = Mode.ADVANTAGE.value
    ALL = "all"


class Distribution(StrEnum):
    """How an on-demand stream distributes records to its shards."""

    PARTITION_KEY = "PARTITION_KEY"
    AUTO = "AUTO"


class Architecture(StrEnum):
    """The CPU architecture of the function."""

    ARM64 = "arm64"
    X86_64 = "x86_64"


def plan(
    rate: Annotated[
        float, typer.Option(min=0.01, max=10_000_000, help="Average events per second.")
    ],
    event_bytes: Annotated[
        int | None,
        typer.Option(
            "--event-bytes",
            "--tweet-bytes",
            min=1,
            max=1024 * 1024,
            show_default="2500; with --events, the average of its fake events",
            help="Average size of an event's data, in bytes.",
        ),
    ] = None,
    item_bytes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=400 * 1024,
            show_default="18% of the event; with --events, the average of its items",
            help="Average size of an item in DynamoDB, in bytes.",
        ),
    ] = None,
    mode: Annotated[
        Modes,
        typer.Option(
            metavar="MODE",
            help="Capacity mode of the stream: provisioned, on-demand, advantage (On-demand "
            "Advantage), or all.",
        ),
    ] = Modes.ALL,
    peak_factor: Annotated[
        float, typer.Option(min=1, max=1000, help="Peak rate as a multiple of the average.")
    ] = 1,
    headroom: Annotated[
        float,
        typer.Option(min=0, max=10, help="Spare shards beyond the peak, as a fraction of it."),
    ] = 0.25,
    hottest_key: Annotated[
        float,
        typer.Option(
            "--hottest-key",
            "--hottest-author",
            min=1e-6,
            max=1,
            help="Fraction of all events that have the most frequent partition key.",
        ),
    ] = 0.01,
    aggregate: Annotated[
        int,
        typer.Option(
            min=1, max=1000, help="Events per Kinesis record, as with produce --aggregate."
        ),
    ] = 1,
    from_x: Annotated[
        bool, typer.Option("--from-x", help="Include what X charges for reading the posts.")
    ] = False,
    region: Annotated[str, typer.Option(help="AWS region to use the prices of.")] = "us-east-1",
    prices: Annotated[
        list[Path] | None,
        typer.Option(
            dir_okay=False,
            help="File with AWS's prices: one made by python -m tweetpipe.plan.refresh, or AWS's "
            "own files, one per service (repeat the option).",
        ),
    ] = None,
    hours_per_month: Annotated[
        float, typer.Option(min=1, max=744, help="Hours per month that the stack is deployed.")
    ] = 730,
    batch_size: Annotated[
        int,
        typer.Option(
            min=1, max=10_000, help="BatchSize: maximum records per batch.", rich_help_panel=_STACK
        ),
    ] = 500,
    window: Annotated[
        float,
        typer.Option(
            min=0,
            max=300,
            help="BatchWindowSeconds: seconds to gather a batch.",
            rich_help_panel=_STACK,
        ),
    ] = 1,
    memory: Annotated[
        int,
        typer.Option(
            min=128,
            max=10_240,
            help="MemorySize: memory of the function in MB.",
            rich_help_panel=_STACK,
        ),
    ] = 512,
    architecture: Annotated[
        Architecture,
        typer.Option(help="Architecture: CPU of the function.", rich_help_panel=_STACK),
    ] = Architecture.ARM64,
    record_distribution: Annotated[
        Distribution,
        typer.Option(
            help="RecordDistribution: AUTO spreads the records of an on-demand stream evenly.",
            rich_help_panel=_STACK,
        ),
    ] = Distribution.PARTITION_KEY,
    plot: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Also plot cost against rate to this PNG file."),
    ] = None,
    as_json_: JsonOption = False,
) -> None:
    """Estimate what a load needs on AWS, what it costs per month, and which limits it hits.

    Makes no calls to AWS. Prices and limits come with tweetpipe, with their dates and sources.
    """
    even = record_distribution is Distribution.AUTO
    if even and (aggregate > 1 or mode is Modes.PROVISIONED):
        raise WrongUsage(
            "--record-distribution AUTO works only for an on-demand stream without aggregated "
            "records. Leave it out, or leave out --aggregate and --mode provisioned."
        )
    known = load_prices(region, prices or ())
    its_events = events.chosen()
    sizes = (2500, None) if its_events.folder == events.DEFAULT else _fake_sizes(its_events)
    load = Load(
        rate=rate,
        noun=its_events.noun,
        nouns=its_events.nouns,
        event_bytes=event_bytes or sizes[0],
        item_bytes=item_bytes or sizes[1],
        hours_per_month=hours_per_month,
        aggregate=aggregate,
        headroom=headroom,
        peak_factor=peak_factor,
        hottest_key=hottest_key,
        batch_size=batch_size,
        window=window,
        memory=memory,
        architecture=architecture.value,
        spreads_evenly=even,
        from_x=from_x,
    )
    chosen = list(Mode) if mode is Modes.ALL else [Mode(mode.value)]
    plans = [make_plan(load, each, known) for each in chosen]
    if plot:
        _draw(load, known, plot)
    if as_json_:
        terminal.print_json(as_json(load, plans, known))
        return
    show = terminal.out.print
    show(
        Text(
            f"{rate:,g} {load.nouns}/s of {load.event_bytes:,} bytes, {region}, "
            f"{hours_per_month:g} h per month"
        ),
        style="bold",
    )
    show(capacity_table(load, plans))
    show(cost_table(load, plans))
    for note in notes(load, plans, known):
        show(Text(note))
    limits = limit_lines(plans)
    show(Text("\nLimits" if limits else "\nNo limit is close.", style="bold"))
    for line in limits:
        show(line)
    show(Text("\nAssumptions", style="bold"))
    for assumption in assumptions(load, chosen, known):
        show(Text(f"- {assumption}"))
    if plot:
        terminal.done(f"Saved the plot to {plot}.")


def _fake_sizes(its_events: Events) -> tuple[int, int]:
    """The average bytes of a fake event and of its item."""
    data = [len(its_events.fake(0, index)[0]) for index in range(_FAKES)]
    items = [item_size(its_events.expected(0, index)) for index in range(_FAKES)]
    return math.ceil(mean(data)), math.ceil(mean(items))


def _draw(load: Load, prices: Prices, file: Path) -> None:
    try:
        from tweetpipe.plan.plot import draw
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("matplotlib"):
            raise
        raise WrongUsage(
            "--plot needs matplotlib, which is not installed. Leave out --plot, or run:\n"
            "  pip install 'tweetpipe[plot]'"
        ) from error
    try:
        draw(load, prices, file)
    except OSError as error:
        raise TweetpipeError(
            f"The plot can't be saved to {file}: {error.strerror or error}. Name a file in a "
            "folder that you can write to."
        ) from error
