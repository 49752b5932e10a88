"""A series as a line of block characters."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], width: int) -> str:
    """The last `width` values from 0 to their highest; a gap where there is none."""
    shown = values[-width:] if width > 0 else []
    highest = max((value for value in shown if value is not None), default=0.0)
    return "".join(map(lambda value: _block(value, highest), shown)).rjust(max(width, 0))


def _block(value: float | None, highest: float) -> str:
    if value is None:
        return " "
    if highest <= 0:
        return _BLOCKS[0]
    return _BLOCKS[min(int(value / highest * len(_BLOCKS)), len(_BLOCKS) - 1)]
