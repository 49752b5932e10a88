"""The number of examples for properties whose examples take long."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> int:
    """Use this many, ten times as many in `make test-slow`, and a third in `make test-unit`."""
    profile = settings.get_current_profile_name()
    return {"slow": count * 10, "quick": count // 3}.get(profile, count)
