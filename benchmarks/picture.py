"""The results as a picture: python -m benchmarks.picture results.json results.png

It runs in the environment that has matplotlib, beside the libraries that are compared with.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

_OURS, _OTHERS, _BASELINE = "#2457c5", "#8a909b", "#c9ccd2"
_INK, _CARD = "#1f2430", "#fcfcfa"
_COLUMNS = 2
_BAR_INCHES, _HEAD_INCHES, _WIDTH_INCHES = 0.3, 0.9, 13.0


def main() -> None:
    """Draw one panel for each table: how many times as fast as its baseline each way is."""
    results, picture = (Path(name) for name in sys.argv[1:])
    measured = json.loads(results.read_text())
    draw(measured["tables"], measured["machine"], picture)


def draw(tables: list[dict[str, Any]], machine: str, file: Path) -> None:
    """Write the picture; bars are medians, whiskers the lowest and the highest round."""
    matplotlib.use("agg")
    from matplotlib import pyplot

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
    figure.supxlabel(f"{machine}; times as fast as the grey bar", fontsize=9, color=_INK)
    figure.savefig(file, dpi=110)


def _draw_table(table: dict[str, Any], panel: Any) -> None:
    results = table["results"]
    panel.set_axis_on()
    panel.set_facecolor(_CARD)
    panel.set_title(table["title"], fontsize=10, loc="left", color=_INK)
    panel.set_xscale("log")
    panel.barh(
        [result["way"] for result in results],
        [result["ratio"] for result in results],
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
            f" {result['ratio']:.3g} times ({result['rate']:,.0f}/s)",
            (result["highest"], place),
            va="center",
            fontsize=7.5,
            color=_INK,
        )
    panel.invert_yaxis()
    panel.margins(x=0.35)
    panel.tick_params(labelsize=8, colors=_INK)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _colour(way: str, baseline: str) -> str:
    if way == baseline:
        return _BASELINE
    return _OURS if way.startswith("ours") else _OTHERS


if __name__ == "__main__":
    main()
