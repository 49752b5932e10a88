from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetpipe.plan.sizes import sigma_of_sum, whole_units
from tweetpipe.plan.spread import flattening, hottest_shard


@given(mean=st.floats(1, 1e6), sigma=st.floats(0, 1))
def test_rounding_up_costs_at_most_one_unit_and_at_least_what_there_is(
    mean: float, sigma: float
) -> None:
    units = whole_units(mean, sigma, 1024)

    assert max(1, mean / 1024) <= units * (1 + 1e-6)
    assert units <= mean / 1024 + 1 + 1e-6


@pytest.mark.parametrize(("mean", "sigma"), [(475, 0.6), (1000, 0.6), (2500, 0.35), (90_000, 0.3)])
def test_units_are_what_drawn_sizes_are_billed(mean: float, sigma: float) -> None:
    rng = Random(7)
    middle = math.log(mean) - sigma**2 / 2
    drawn = [math.ceil(rng.lognormvariate(middle, sigma) / 1024) for _ in range(40_000)]

    assert whole_units(mean, sigma, 1024) == pytest.approx(sum(drawn) / len(drawn), rel=0.01)


def test_sums_vary_less_than_their_parts() -> None:
    assert sigma_of_sum(0.35, 1) == pytest.approx(0.35)
    assert sigma_of_sum(0.35, 100) == pytest.approx(0.036, rel=0.05)


@given(largest=st.floats(1e-6, 1), shards=st.integers(1, 20_000))
def test_the_hottest_shard_has_at_least_its_even_share_and_the_largest_author(
    largest: float, shards: int
) -> None:
    share = hottest_shard(largest, shards)

    assert max(1 / shards, largest) <= share * (1 + 1e-9)
    assert share <= 1


@given(largest=st.floats(1e-6, 1), shards=st.integers(1, 10_000))
def test_more_shards_never_make_the_hottest_one_hotter(largest: float, shards: int) -> None:
    # The extreme of a few shards grows faster than their mean shrinks only in the last digits.
    assert hottest_shard(largest, 2 * shards) <= hottest_shard(largest, shards) * (1 + 1e-9)


def test_records_with_random_keys_spread_evenly() -> None:
    assert hottest_shard(0, 40) == 1 / 40


def test_authors_can_only_be_so_steep() -> None:
    assert flattening(0.5) == 0
    assert flattening(0.01) > flattening(0.05) > 0
