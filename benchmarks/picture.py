"""Draw the results: python -m benchmarks.picture results.json results.png

It runs in the peers' environment, which has matplotlib.
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import matplotlib

_OURS, _OTHERS, _BASELINE = "#2457c5", "#8a909b", "#c9ccd2"
_INK, _CARD = "#1f2430", "#fcfcfa"
_COLUMNS = 2
_BAR_INCHES, _HEAD_INCHES, _WIDTH_INCHES = 0.33, 0.6, 14.0
_LABEL_CHARACTERS = 32
_LINEAR_UP_TO = 15.0  # above this multiple of the shortest bar, the axis is logarithmic


def main() -> None:
    """Draw a panel for each table, with how many times as fast as its baseline each way is."""
    results, picture = (Path(name) for name in sys.argv[1:])
    measured = json.loads(results.read_text())
    draw(measured["tables"], measured["machine"], picture)


def draw(tables: list[dict[str, Any]], machine: str, file: Path) -> None:
    """Write the picture. Bars are medians; whiskers show the lowest and the highest round.

    Tables without this project's way are left out.
    """
    matplotlib.use("agg")
    from matplotlib import pyplot

    tables = [table for table in tables if any(map(_is_ours, _names(table)))]
    rows = [tables[start : start + _COLUMNS] for start in range(0, len(tables), _COLUMNS)]
    heights = [
        _HEAD_INCHES + _BAR_INCHES * max(len(table["results"]) for table in row) for row in rows
    ]
    figure, panels = pyplot.subplots(
        len(rows),
        _COLUMNS,
        figsize=(_WIDTH_INCHES, sum(heights)),
        height_ratios=heights,
        layout="constrained",
        facecolor=_CARD,
        squeeze=False,
    )
    for panel in panels.flat:
        panel.set_axis_off()
    for row, panel_row in zip(rows, panels, strict=True):
        for table, panel in zip(row, panel_row, strict=False):
            _draw_table(table, panel)
    figure.supxlabel(
        f"{machine}; times as fast as the light bar, logarithmic where bars differ much",
        fontsize=9,
        color=_INK,
    )
    figure.savefig(file, dpi=110)


def _draw_table(table: dict[str, Any], panel: Any) -> None:
    results = table["results"]
    panel.set_axis_on()
    panel.set_facecolor(_CARD)
    panel.set_title(textwrap.fill(table["title"], 60), fontsize=10, loc="left", color=_INK)
    ratios = [result["ratio"] for result in results]
    panel.set_xscale("log" if max(ratios) > _LINEAR_UP_TO * min(ratios) else "linear")
    panel.barh(
        [textwrap.fill(name, _LABEL_CHARACTERS) for name in _names(table)],
        ratios,
        xerr=[
            [result["ratio"] - result["lowest"] for result in results],
            [result["highest"] - result["ratio"] for result in results],
        ],
        color=[_colour(result["way"], table["baseline"]) for result in results],
        ecolor=_INK,
        error_kw={"linewidth": 0.8},
        left=0,
    )
    for place, result in enumerate(results):
        panel.annotate(
            f" {_rounded(result['ratio'])} times ({result['rate']:,.0f}/s)",
            (result["highest"], place),
            va="center",
            fontsize=7.5,
            color=_INK,
        )
    panel.invert_yaxis()
    panel.margins(x=0.4)
    panel.tick_params(labelsize=8, colors=_INK)
    # The figures are beside the bars.
    panel.set_xticks([], minor=False)
    panel.set_xticks([], minor=True)
    for side in ("top", "right", "bottom"):
        panel.spines[side].set_visible(False)


def _colour(way: str, baseline: str) -> str:
    if way == baseline:
        return _BASELINE
    return _OURS if _is_ours(way) else _OTHERS


def _is_ours(way: str) -> bool:
    return "ours" in way


def _names(table: dict[str, Any]) -> list[str]:
    return [result["way"] for result in table["results"]]


def _rounded(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


if __name__ == "__main__":
    main()
