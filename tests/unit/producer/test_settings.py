from __future__ import annotations

import math
from typing import Any

import pytest

from producer import Settings, SettingsError


@pytest.mark.parametrize(
    "changes",
    [
        {"max_records": 1, "max_bytes": 1024 * 1024, "linger": 0.0, "calls_in_flight": 1},
        {"max_records": 500, "max_bytes": 10 * 1024 * 1024, "calls_in_flight": 64},
        {"give_up_after": 0.0, "drain_deadline": 0.0, "rate": 0.1},
        {"max_bytes": 4 * 1024 * 1024, "max_record_bytes": 4 * 1024 * 1024, "by_key": False},
    ],
)
def test_the_limits_themselves_are_allowed(changes: dict[str, Any]) -> None:
    settings = Settings(**changes)

    assert {name: getattr(settings, name) for name in changes} == changes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_records", 0),
        ("max_records", 501),
        ("max_bytes", 1024 * 1024 - 1),
        ("max_bytes", 10 * 1024 * 1024 + 1),
        ("calls_in_flight", 0),
        ("calls_in_flight", 65),
        ("max_in_hand", 1024 * 1024 - 1),
        ("max_record_bytes", 1024 * 1024 - 1),
        ("max_record_bytes", 5 * 1024 * 1024 + 1),
        ("linger", -0.1),
        ("linger", math.nan),
        ("give_up_after", math.inf),
        ("drain_deadline", -1.0),
        ("rate", 0.0),
        ("rate", math.inf),
    ],
)
def test_a_setting_out_of_range_is_named_with_its_value(name: str, value: float) -> None:
    changes: dict[str, Any] = {name: value}

    with pytest.raises(SettingsError, match=f"^{name} must be .*{value}$"):
        Settings(**changes)


def test_a_stream_that_distributes_records_by_itself_gets_no_aggregated_ones() -> None:
    with pytest.raises(SettingsError, match="aggregate needs a stream that distributes records by"):
        Settings(aggregate=True, by_key=False)
