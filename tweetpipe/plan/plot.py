"""The picture of `tweetpipe plan --plot`: cost against rate, both axes logarithmic.

Drawn with Pillow on an opaque card, so that it reads on a light page and on a dark one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

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

_SCALE = 2  # drawn larger, then scaled down: Pillow's lines have no smooth edges
_WIDTH, _HEIGHT = 1280, 800
_LEFT, _TOP, _RIGHT, _BOTTOM = 92, 124, 250, 84
_CARD, _INK, _SOFT, _GRID = "#fcfcfa", "#1f2430", "#5b6270", "#e3e5e8"
_BLUE, _ORANGE, _GREY = "#2457c5", "#c2570c", "#8a909b"
_PEAKS = (5, 10, 20, 30, 50, 100)
_STEPS = 180

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """Dollars a month at each of the rates."""

    label: str
    colour: str
    points: tuple[Point, ...]
    width: float = 2
    dash: float = 0


@dataclass(frozen=True)
class Mark:
    """Where two curves cross."""

    rate: float
    cost: float
    text: str


def draw(load: Load, prices: Prices, file: Path) -> None:
    """Draw the cost of a load like this one, with even keys, at every rate into a PNG file."""
    curves, mark = _curves(with_even_keys(load), prices)
    canvas = _Canvas([cost for curve in curves for _, cost in curve.points])
    canvas.frame(
        "What a month costs",
        f"Tweets of {load.tweet_bytes:,} bytes, items of {load.item_size:,.0f}, even keys, "
        f"{_peaks(load)}, "
        f"{load.hours_per_month:g} hours, {prices.region}, prices of {prices.read_on}",
    )
    for curve in sorted(curves, key=lambda curve: curve.width):
        canvas.curve(curve)
    canvas.labels(curves)
    here = [month(load, mode, prices).total for mode in Mode]
    if LOWEST_RATE <= load.rate <= HIGHEST_RATE:
        canvas.here(load.rate, here)
    if mark:
        canvas.mark(mark)
    canvas.save(file)


def _peaks(load: Load) -> str:
    return "no peaks" if load.peak_factor == 1 else f"peaks of {load.peak_factor:g} times the rate"


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
        Curve("on-demand, all", _ORANGE, totals(on_demand), width=3.4),
        Curve("provisioned, all", _BLUE, totals(provisioned), width=3.4),
        Curve("on-demand, stream alone", _ORANGE, part(on_demand, "Kinesis"), width=1.6),
        Curve("provisioned, stream alone", _BLUE, part(provisioned, "Kinesis"), width=1.6),
        Curve("writes to the table", _GREY, part(on_demand, "DynamoDB"), width=1.6),
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
                Curve(label, _BLUE, totals(months(Mode.PROVISIONED, peak)), width=2.2, dash=9)
            )
            text += f", with peaks of {peak:g}x the rate"
        cost = month(replace(peaked, rate=rate), Mode.ON_DEMAND, prices).total
        return curves, Mark(rate, cost, text)
    return curves, None


class _Canvas:
    """A picture with logarithmic axes; all lengths are in pixels of the finished picture."""

    def __init__(self, costs: list[float]) -> None:
        positive = [cost for cost in costs if cost > 0]
        self._decades = (
            max(-1, math.floor(math.log10(min(positive)))),
            math.ceil(math.log10(max(positive))),
        )
        self._image = Image.new("RGBA", (_WIDTH * _SCALE, _HEIGHT * _SCALE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._image)

    def _x(self, rate: float) -> float:
        span = math.log10(HIGHEST_RATE / LOWEST_RATE)
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log10(rate / LOWEST_RATE) / span

    def _y(self, cost: float) -> float:
        low, high = self._decades
        share = (math.log10(max(cost, 1e-9)) - low) / (high - low)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share

    def _line(self, points: list[Point], colour: str, width: float) -> None:
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        self._draw.line(scaled, fill=colour, width=round(width * _SCALE), joint="curve")

    def _text(
        self, at: Point, text: str, colour: str = _INK, size: float = 15, anchor: str = "lm"
    ) -> None:
        font = ImageFont.load_default(size * _SCALE)
        place = (at[0] * _SCALE, at[1] * _SCALE)
        self._draw.text(place, text, fill=colour, font=font, anchor=anchor)

    def frame(self, title: str, subtitle: str) -> None:
        """The card, the titles, and the grid with a line at each power of ten."""
        self._draw.rounded_rectangle(
            (0, 0, _WIDTH * _SCALE - 1, _HEIGHT * _SCALE - 1), 18 * _SCALE, fill=_CARD
        )
        self._text((32, 40), title, size=26)
        self._text((32, 74), subtitle, _SOFT)
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        for exponent in range(round(math.log10(HIGHEST_RATE)) + 1):
            x = self._x(10**exponent)
            self._line([(x, _TOP), (x, bottom)], _GRID, 1)
            self._text((x, bottom + 18), f"{10**exponent:,}", _SOFT, anchor="mm")
        low, high = self._decades
        for exponent in range(low, high + 1):
            y = self._y(10.0**exponent)
            self._line([(_LEFT, y), (right, y)], _GRID, 1)
            self._text((_LEFT - 10, y), _dollars(exponent), _SOFT, anchor="rm")
        self._text(((_LEFT + right) / 2, bottom + 52), "tweets a second", _SOFT, anchor="mm")

    def curve(self, curve: Curve) -> None:
        """One curve, cut off below the lowest power of ten."""
        floor = _HEIGHT - _BOTTOM
        points = [(self._x(rate), self._y(cost)) for rate, cost in curve.points]
        points = [point for point in points if point[1] <= floor]
        if not curve.dash:
            self._line(points, curve.colour, curve.width)
            return
        for dash in _dashes(points, curve.dash):
            self._line(dash, curve.colour, curve.width)

    def labels(self, curves: list[Curve]) -> None:
        """Names of the curves where they end, moved apart where they would overlap."""
        apart = 24
        ends = [(self._y(curve.points[-1][1]), curve) for curve in _by_end(curves)]
        places: list[float] = []
        for y, _ in ends:
            places.append(max(y, places[-1] + apart) if places else max(_TOP - 20, y - apart))
        x = _WIDTH - _RIGHT
        for (y, curve), place in zip(ends, places, strict=True):
            self._line([(x + 4, y), (x + 20, place)], curve.colour, 1)
            self._text((x + 26, place), curve.label, curve.colour)

    def here(self, rate: float, costs: list[float]) -> None:
        """The rate that was asked for, with its cost on both curves."""
        x = self._x(rate)
        bottom = _HEIGHT - _BOTTOM
        self._line([(x, min(self._y(cost) for cost in costs)), (x, bottom)], _SOFT, 1)
        for cost, colour in zip(costs, (_BLUE, _ORANGE), strict=True):
            self._dot((x, self._y(cost)), 5, colour)
        words = f"{rate:,g}/s: ${costs[0]:,.0f} provisioned, ${costs[1]:,.0f} on-demand"
        anchor = "rm" if x > (_LEFT + _WIDTH - _RIGHT) / 2 else "lm"
        self._label((x + (-8 if anchor == "rm" else 8), bottom - 18), words, anchor)

    def mark(self, mark: Mark) -> None:
        """A ring around a crossing, and what it says."""
        x, y = self._x(mark.rate), self._y(mark.cost)
        self._dot((x, y), 8, _INK)
        self._dot((x, y), 5.5, _CARD)
        right = x < (_LEFT + _WIDTH - _RIGHT) / 2
        self._line([(x - 6, y - 6), (x - 24, y - 44)], _INK, 1)
        self._label((x - 24, y - 56), mark.text, "lm" if right and x < 380 else "rm")

    def _label(self, at: Point, text: str, anchor: str) -> None:
        font = ImageFont.load_default(15 * _SCALE)
        place = (at[0] * _SCALE, at[1] * _SCALE)
        left, top, right, bottom = self._draw.textbbox(place, text, font=font, anchor=anchor)
        self._draw.rectangle((left - 8, top - 6, right + 8, bottom + 6), fill=_CARD)
        self._draw.text(place, text, fill=_INK, font=font, anchor=anchor)

    def _dot(self, at: Point, radius: float, colour: str) -> None:
        x, y, r = at[0] * _SCALE, at[1] * _SCALE, radius * _SCALE
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def save(self, file: Path) -> None:
        """Scale down and write."""
        small = self._image.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)
        small.save(file, format="PNG", optimize=True)


def _dashes(points: list[Point], length: float) -> Iterator[list[Point]]:
    """Every other stretch of a line, each as long as the others."""
    dash, drawn = [points[0]], 0.0
    shown = True
    for end in points[1:]:
        start = dash[-1]
        while (distance := math.dist(start, end)) >= length - drawn:
            share = (length - drawn) / distance
            start = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
            dash.append(start)
            if shown:
                yield dash
            dash, drawn, shown = [start], 0.0, not shown
        drawn += distance
        dash.append(end)


def _by_end(curves: list[Curve]) -> list[Curve]:
    return sorted(curves, key=lambda curve: -curve.points[-1][1])


def _dollars(exponent: int) -> str:
    if exponent >= 6:
        return f"${10 ** (exponent - 6):,} M"
    return f"${10**exponent:,}" if exponent >= 0 else f"${10.0**exponent:g}"
