"""How many examples a property gets whose examples take long."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> int:
    """So many, and ten times as many in the profile of `make test-slow`."""
    return count * 10 if settings.get_current_profile_name() == "slow" else count
