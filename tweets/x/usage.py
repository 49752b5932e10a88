"""X's own count of the posts that a project has read."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Posts since the last reset, the cap, and the day of the month of the reset.

    None for what X did not say. All apps of a project count together.
    """

    posts: int
    cap: int | None = None
    reset_day: int | None = None

    @classmethod
    def of(cls, body: bytes) -> Usage | None:
        """The count in the usage endpoint's answer; None if it has none."""
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            return None
        data = content.get("data") if isinstance(content, dict) else None
        if not isinstance(data, dict) or (posts := _number(data.get("project_usage"))) is None:
            return None
        day = _number(data.get("cap_reset_day"))
        return cls(
            posts=posts,
            cap=_number(data.get("project_cap")),
            reset_day=day if day is not None and 1 <= day <= 31 else None,
        )


def _number(value: object) -> int | None:
    """X sometimes sends numbers as strings."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        return int(value)
    return None
