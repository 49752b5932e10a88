from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetpipe.commands.shown.live import sparkline


@pytest.mark.parametrize(
    ("values", "width", "shown"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([1, None, 1], 3, "█ █"),
        ([5, 5], 4, "  ██"),
        ([9, 0, 1], 2, "▁█"),
        ([0, 0], 2, "▁▁"),
        ([], 2, "  "),
        ([1], 0, ""),
    ],
)
def test_the_last_values_are_drawn_against_their_highest(
    values: list[float | None], width: int, shown: str
) -> None:
    assert sparkline(values, width) == shown


@given(st.lists(st.none() | st.floats(0, 1e9)), st.integers(-1, 50))
def test_it_is_as_wide_as_asked(values: list[float | None], width: int) -> None:
    assert len(sparkline(values, width)) == max(width, 0)
