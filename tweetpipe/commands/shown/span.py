"""Formats ranges of figures, with as many digits as they are exact."""

from __future__ import annotations

import math

Span = tuple[float, float]


def money(span: Span) -> str:
    """US dollars, to the cent if nothing is assumed."""
    low, high = span
    if _is_exact(span):
        return f"{low:,.2f}"
    return _range(low, high) if high >= 0.01 else "under 0.01"


def figure(span: Span) -> str:
    """A number, without decimals if it is large."""
    low, high = span
    if _is_exact(span):
        return f"{low:,.0f}" if low >= 100 or low == int(low) else f"{low:,.2f}"
    return _range(low, high)


def _is_exact(span: Span) -> bool:
    low, high = span
    return high - low <= 1e-9 * high


def _range(low: float, high: float) -> str:
    ends = _rounded(low), _rounded(high)
    return f"about {ends[0]}" if ends[0] == ends[1] else " to ".join(ends)


def _rounded(value: float) -> str:
    """The value to two significant digits."""
    decimals = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{round(value, decimals):,.{max(0, decimals)}f}"
