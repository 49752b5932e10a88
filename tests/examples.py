"""How many examples a property gets whose examples take long."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> int:
    """So many, and ten times as many where every property gets that."""
    return count * settings().max_examples // 100
