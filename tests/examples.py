"""The number of examples for properties whose examples take long."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> int:
    """Use this many examples, and ten times as many in `make test-slow`."""
    return count * 10 if settings.get_current_profile_name() == "slow" else count
