from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetpipe.commands.shown.span import figure, money


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        ((10.95, 10.95), "10.95"),
        ((2190.0, 2190.0), "2,190.00"),
        ((8621.3, 9012.9), "8,600 to 9,000"),
        ((180.1, 181.9), "about 180"),
        ((0.0, 531.0), "0 to 530"),
        ((5.43, 21.2), "5.4 to 21"),
        ((0.00001, 0.004), "under 0.01"),
        ((0.0, 0.0), "0.00"),
    ],
)
def test_dollars_are_as_exact_as_they_are_known(span: tuple[float, float], shown: str) -> None:
    assert money(span) == shown


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        ((9490.0, 9490.0), "9,490"),
        ((7.0, 7.0), "7"),
        ((2.628, 2.628), "2.63"),
        ((0.0034, 0.0071), "0.0034 to 0.0071"),
        ((21.0, 41.0), "21 to 41"),
    ],
)
def test_figures_are_as_exact_as_they_are_known(span: tuple[float, float], shown: str) -> None:
    assert figure(span) == shown


@given(st.floats(0, 1e15), st.floats(0, 1e15))
def test_ends_are_shown_within_a_twentieth(one: float, other: float) -> None:
    low, high = sorted((one, other))
    if high - low > 1e-6 * high:
        ends = figure((low, high)).removeprefix("about ").replace(",", "").split(" to ")
        assert float(ends[0]) == pytest.approx(low, rel=0.051)
        assert float(ends[-1]) == pytest.approx(high, rel=0.051)
