"""The plot of `tweetpipe plan --plot`: cost against rate, on logarithmic axes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tweetpipe.plan.costs import Costs
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.planning import (
    HIGHEST_RATE,
    LOWEST_RATE,
    crossing,
    log_steps,
    month,
    with_even_keys,
)
from tweetpipe.plan.prices import Prices

_CARD, _INK, _SOFT, _GRID = "#fcfcfa", "#1f2430", "#5b6270", "#e3e5e8"
_BLUE, _ORANGE, _GREEN, _GREY = "#2457c5", "#c2570c", "#1d7a4c", "#8a909b"
_COLORS = {Mode.PROVISIONED: _BLUE, Mode.ON_DEMAND: _ORANGE, Mode.ADVANTAGE: _GREEN}
_PEAKS = (5, 10, 20, 30, 50, 100)
_STEPS = 180

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """The monthly cost in dollars at each rate."""

    label: str
    color: str
    points: tuple[Point, ...]
    width: float = 1.2
    style: str = "-"


@dataclass(frozen=True)
class Mark:
    """Where two curves cross."""

    rate: float
    cost: float
    text: str


def draw(load: Load, prices: Prices, file: Path) -> None:
    """Plot the cost of such a load, with even keys, against the rate to a PNG file."""
    curves, mark = _curves(with_even_keys(load), prices)
    figure = Figure(figsize=(12.8, 8), dpi=100, facecolor=_CARD, layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlim=(LOWEST_RATE, HIGHEST_RATE), facecolor=_CARD)
    axes.set_xlabel(f"{load.nouns} per second", color=_SOFT)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("${x:,.10g}")
    axes.grid(color=_GRID)
    axes.tick_params(which="both", colors=_SOFT)
    axes.tick_params(which="minor", labelleft=False)
    axes.spines[:].set_color(_GRID)
    figure.suptitle("Cost per month", x=0.01, ha="left", fontsize=18, color=_INK)
    axes.set_title(_conditions(load, prices), loc="left", fontsize=10, color=_SOFT)
    for curve in curves:
        axes.plot(
            *zip(*curve.points, strict=True),
            label=curve.label,
            color=curve.color,
            linewidth=curve.width,
            linestyle=curve.style,
        )
    # A part of the cost may be close to zero, which would compress the rest.
    axes.set_ylim(bottom=max(0.1, axes.get_ylim()[0]))
    axes.legend(loc="upper left", labelcolor="linecolor", facecolor=_CARD)
    if LOWEST_RATE <= load.rate <= HIGHEST_RATE:
        _draw_rate(axes, load, prices)
    if mark:
        _draw_crossing(axes, mark)
    figure.savefig(file, format="png")


def _conditions(load: Load, prices: Prices) -> str:
    factor = load.peak_factor
    peaks = "no peaks" if factor == 1 else f"peaks of {factor:g} times the rate"
    return (
        f"{load.nouns.capitalize()} of {load.event_bytes:,} bytes, items of {load.item_size:,.0f}, "
        f"even keys, {peaks}, {load.hours_per_month:g} hours, {prices.region}, "
        f"prices of {prices.published}"
    )


def _draw_rate(axes: Axes, load: Load, prices: Prices) -> None:
    """Mark the requested rate, with its cost on each curve."""
    costs = {mode: month(load, mode, prices).total for mode in Mode}
    bottom = axes.get_ylim()[0]
    axes.vlines(load.rate, bottom, min(costs.values()), color=_SOFT, linewidth=0.8)
    colors = [_COLORS[mode] for mode in costs]
    axes.scatter([load.rate] * len(costs), list(costs.values()), c=colors, zorder=3)
    text = f"{load.rate:,g}/s: " + ", ".join(
        f"${float(f'{cost:.2g}'):,g} {mode.value}" for mode, cost in costs.items()
    )
    _note(axes, (load.rate, bottom), text, (8, 12))


def _draw_crossing(axes: Axes, mark: Mark) -> None:
    axes.scatter(mark.rate, mark.cost, s=60, facecolor=_CARD, edgecolor=_INK, zorder=3)
    _note(axes, (mark.rate, mark.cost), mark.text, (16, 24 if _is_right(mark.rate) else -24))


def _note(axes: Axes, at: Point, text: str, away: Point) -> None:
    """Write text `away` points from a place, on the side with more room."""
    left = _is_right(at[0])
    axes.annotate(
        text,
        at,
        (-away[0] if left else away[0], away[1]),
        textcoords="offset points",
        ha="right" if left else "left",
        color=_INK,
        bbox={"facecolor": _CARD, "edgecolor": "none", "pad": 2},
        # A dollar sign does not start a formula here.
        parse_math=False,
    )


def _is_right(rate: float) -> bool:
    return rate > math.sqrt(LOWEST_RATE * HIGHEST_RATE)


def _curves(load: Load, prices: Prices) -> tuple[list[Curve], Mark | None]:
    rates = log_steps(LOWEST_RATE, HIGHEST_RATE, _STEPS)

    def months(mode: Mode, peak: float) -> list[tuple[float, Costs]]:
        return [
            (rate, month(replace(load, rate=rate, peak_factor=peak), mode, prices))
            for rate in rates
        ]

    def totals(found: list[tuple[float, Costs]]) -> tuple[Point, ...]:
        return tuple((rate, costs.total) for rate, costs in found)

    def part(found: list[tuple[float, Costs]], service: str) -> tuple[Point, ...]:
        return tuple(
            (rate, sum(line.cost for line in costs.lines if line.service == service))
            for rate, costs in found
        )

    on_demand = months(Mode.ON_DEMAND, load.peak_factor)
    provisioned = months(Mode.PROVISIONED, load.peak_factor)
    curves = [
        Curve("on-demand, total", _ORANGE, totals(on_demand), width=2.6),
        Curve(
            "on-demand Advantage, total",
            _GREEN,
            totals(months(Mode.ADVANTAGE, load.peak_factor)),
            width=2.6,
        ),
        Curve("provisioned, total", _BLUE, totals(provisioned), width=2.6),
        Curve("on-demand, stream only", _ORANGE, part(on_demand, "Kinesis")),
        Curve("provisioned, stream only", _BLUE, part(provisioned, "Kinesis")),
        Curve("writes to the table", _GREY, part(on_demand, "DynamoDB")),
    ]
    for peak in (load.peak_factor, *(peak for peak in _PEAKS if peak > load.peak_factor)):
        peaked = replace(load, peak_factor=peak)
        rate = crossing(peaked, prices)
        if rate is None or rate <= LOWEST_RATE:
            continue
        text = f"cross at {rate:,.0f}/s"
        if peak != load.peak_factor:
            label = f"provisioned for {peak:g}x peaks"
            curves.append(
                Curve(label, _BLUE, totals(months(Mode.PROVISIONED, peak)), width=1.8, style="--")
            )
            text += f", with peaks of {peak:g}x the rate"
        cost = month(replace(peaked, rate=rate), Mode.ON_DEMAND, prices).total
        return curves, Mark(rate, cost, text)
    return curves, None
