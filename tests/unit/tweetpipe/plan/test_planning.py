from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tweetpipe.plan import Load, Mode, Plan, break_even_peak, crossing, load_prices, make_plan
from tweetpipe.plan.capacity import batch_records

PRICES = load_prices("us-east-1")


def plan(mode: Mode = Mode.PROVISIONED, **changes: object) -> Plan:
    return make_plan(replace(Load(rate=100), **changes), mode, PRICES)  # type: ignore[arg-type]


def hit(found: Plan) -> set[str]:
    return {limit.where for limit in found.limits if limit.is_hit}


def cost(found: Plan, price: str) -> float:
    return next(line.cost for line in found.costs.lines if line.price == price)


def cheaper_of_two(load: Load) -> Mode:
    two = (Mode.PROVISIONED, Mode.ON_DEMAND)
    return min(two, key=lambda mode: make_plan(load, mode, PRICES).costs.total)


loads = st.builds(
    Load,
    rate=st.floats(0.01, 1e6),
    event_bytes=st.integers(1, 1024 * 1024),
    aggregate=st.sampled_from([1, 10, 1000]),
    peak_factor=st.floats(1, 50),
    hottest_key=st.floats(1e-6, 1),
    batch_size=st.integers(1, 10_000),
    window=st.floats(0, 300),
    memory=st.integers(128, 10_240),
)


@pytest.mark.heavy
@settings(max_examples=examples(15), deadline=None, phases=[Phase.explicit, Phase.generate])
@given(load=loads, mode=st.sampled_from(Mode))
@example(
    load=Load(
        rate=833_100.0,
        event_bytes=407,
        peak_factor=17.54,
        hottest_key=0.3667,
        batch_size=5155,
        window=203.4,
        memory=205,
    ),
    mode=Mode.PROVISIONED,
)
def test_every_load_gets_a_plan_that_makes_sense(load: Load, mode: Mode) -> None:
    found = make_plan(load, mode, PRICES)
    latency = found.latency

    assert found.capacity.shards >= 1
    assert 1 <= found.capacity.parallelization <= 10
    assert 0 < latency.p50 <= latency.p99
    assert 0 < latency.mean <= latency.p99
    low, high = found.span(lambda each: each.costs.total)
    assert 0 < low <= found.costs.total <= high
    assert found.batches <= load.record_rate * 1.001


def test_one_shard_is_enough_for_a_low_rate() -> None:
    found = plan(rate=100)

    assert found.capacity.shards == 1
    assert hit(found) == set()


def test_shards_are_counted_by_bytes_or_by_records_whichever_needs_more() -> None:
    assert plan(rate=8000, event_bytes=100, headroom=0, hottest_key=1e-6).capacity.shards == 9
    assert plan(rate=800, event_bytes=9985, headroom=0, hottest_key=1e-6).capacity.shards == 9


def test_headroom_and_peaks_add_shards() -> None:
    def shards(headroom: float, peak: float = 1) -> int:
        even = Load(rate=3900, event_bytes=985, hottest_key=1e-6, headroom=headroom)
        loaded = replace(even, peak_factor=peak)
        return make_plan(loaded, Mode.PROVISIONED, PRICES).capacity.shards

    assert shards(headroom=0) == 4
    assert shards(headroom=1) == 8
    assert shards(headroom=0, peak=3) == 12


def test_a_large_author_asks_for_more_shards_than_the_rate_does() -> None:
    even = plan(rate=20_000, hottest_key=1e-6).capacity.shards

    assert plan(rate=20_000, hottest_key=0.015).capacity.shards > 1.2 * even


def test_an_author_beyond_a_shard_is_told_instead_of_being_paid_for() -> None:
    found = plan(rate=50_000, hottest_key=0.05)

    assert "one partition key" in hit(found)
    assert found.capacity.shards < 1.6 * found.capacity.shards_at_peak


def test_a_payload_of_6_mb_ends_a_batch_early() -> None:
    load = Load(rate=100, event_bytes=20_000)
    found = make_plan(load, Mode.PROVISIONED, PRICES)

    assert batch_records(load) == 219
    assert "BatchSize" in hit(found)


def test_limits_of_table_function_and_template_are_told() -> None:
    found = hit(plan(rate=1_000_000, hottest_key=1e-6))

    assert {"table", "ShardCount", "Lambda concurrency"} <= found


def test_a_slow_function_runs_several_batches_of_a_shard_at_once() -> None:
    slow = plan(rate=950, event_bytes=900, memory=128, headroom=0)

    assert slow.capacity.parallelization == 2
    assert slow.capacity.utilisation <= 0.7
    assert slow.capacity.concurrency == 2


def test_what_x_charges_dwarfs_the_rest() -> None:
    found = plan(rate=1, from_x=True)

    assert found.costs.lines[-1].service == "X"
    assert found.costs.lines[-1].cost == pytest.approx(13_140)
    assert plan(rate=1).costs.total == pytest.approx(found.costs.total - 13_140)


def test_a_month_at_one_tweet_a_second_costs_what_it_does_by_hand() -> None:
    found = plan(rate=1, event_bytes=500)

    assert cost(found, "kinesis_shard_hour") == pytest.approx(730 * 0.015)
    assert cost(found, "kinesis_put") == pytest.approx(2.628 * 0.014)
    assert cost(found, "dynamodb_write") == pytest.approx(2.628 * 0.625, rel=0.001)
    # A poll each 1.02 s finds something 64 times in 100.
    requests = 2.628 / 1.02 * 0.6394
    assert cost(found, "lambda_request_arm64") == pytest.approx(requests * 0.2, rel=0.001)


def test_a_function_is_billed_for_its_memory_while_it_runs() -> None:
    found = plan(rate=100, memory=512)
    lines = {line.price: line.quantity for line in found.costs.lines}

    assert lines["lambda_gb_second_arm64"] == pytest.approx(found.busy * 730 * 3600 / 2)


def test_tweets_that_rarely_come_wait_the_whole_window() -> None:
    found = plan(rate=0.01, window=5, batch_size=2)

    assert found.batches == pytest.approx(0.01, rel=0.1)
    assert 5 < found.latency.p50 < 6


def test_provisioned_is_cheaper_at_any_steady_rate() -> None:
    assert crossing(Load(rate=100), PRICES) is None


def test_the_crossing_is_where_the_cheaper_mode_changes() -> None:
    load = Load(rate=100, peak_factor=30, hottest_key=1e-6)
    rate = crossing(load, PRICES)

    assert rate is not None
    # Shards come whole: the modes may change places again a little below.
    for factor, cheaper in ((0.1, Mode.PROVISIONED), (1.01, Mode.ON_DEMAND)):
        assert cheaper_of_two(replace(load, rate=rate * factor)) is cheaper


def test_a_large_author_does_not_move_the_crossing() -> None:
    even = Load(rate=100, peak_factor=30, hottest_key=1e-6)

    assert crossing(replace(even, hottest_key=0.05), PRICES) == crossing(even, PRICES)


def test_the_break_even_peak_is_where_the_cheaper_mode_changes() -> None:
    load = Load(rate=5000, hottest_key=1e-6)
    peak = break_even_peak(load, PRICES)

    assert peak is not None
    for factor, cheaper in ((0.95, Mode.PROVISIONED), (1.05, Mode.ON_DEMAND)):
        assert cheaper_of_two(replace(load, peak_factor=peak * factor)) is cheaper


@pytest.mark.parametrize("window", [0, 1, 5, 60])
def test_a_longer_window_makes_fewer_batches_and_waits_longer(window: float) -> None:
    here, longer = (plan(rate=2, window=seconds) for seconds in (window, window + 3))

    assert longer.batches < here.batches
    assert longer.latency.p50 > here.latency.p50


def test_aggregation_saves_put_units_and_roundings_up_and_shards_of_small_tweets() -> None:
    small = Load(rate=5000, event_bytes=300, hottest_key=1e-6)
    two_kilobytes = replace(small, event_bytes=2048)

    def quantity(load: Load, mode: Mode, price: str) -> float:
        lines = make_plan(load, mode, PRICES).costs.lines
        return next(line.quantity for line in lines if line.price == price)

    def saved(load: Load, mode: Mode, price: str) -> float:
        return quantity(load, mode, price) / quantity(load.aggregated(), mode, price)

    assert saved(two_kilobytes, Mode.PROVISIONED, "kinesis_put") >= 8
    assert saved(small, Mode.ON_DEMAND, "kinesis_in_gb") > 3
    assert saved(small, Mode.PROVISIONED, "kinesis_shard_hour") > 3


def test_tweets_that_fill_a_record_are_not_aggregated() -> None:
    assert Load(rate=1, event_bytes=20_000).aggregated().aggregate == 1


def test_what_only_prices_and_the_user_decide_has_no_span() -> None:
    found = plan(rate=100)

    assert found.costs.lines[0].what == "shard-hours"
    assert found.span(lambda each: each.costs.lines[0].cost) == (10.95, 10.95)
    low, high = found.span(lambda each: each.costs.total)
    assert low < high


def test_advantage_charges_for_25_mib_a_second_each_way_whatever_comes() -> None:
    month_of_25_mib = 25 * 730 * 3600 / 1024
    low, high = (plan(Mode.ADVANTAGE, rate=rate, event_bytes=2048) for rate in (1, 20_000))

    stream = [line for line in low.costs.lines if line.service == "Kinesis"]
    assert sum(line.cost for line in stream) == pytest.approx(month_of_25_mib * (0.032 + 0.016))
    assert cost(high, "advantage_in_missing_gb") == cost(high, "advantage_out_missing_gb") == 0


def test_advantage_pays_from_10_mib_a_second_as_aws_says() -> None:
    load = Load(rate=1, event_bytes=10_000, hottest_key=1e-6)
    rate = crossing(load, PRICES, Mode.ADVANTAGE, Mode.ON_DEMAND)

    assert rate is not None
    # Sizes are rounded up to KB: half a KB more each.
    assert rate * 10_512 / 1024**2 == pytest.approx(10, rel=0.03)


def test_peaks_of_advantage_may_not_make_up_for_the_time_between_them() -> None:
    load = {"rate": 10_000, "event_bytes": 3000, "hottest_key": 1e-6}
    steady, peaked = (plan(Mode.ADVANTAGE, peak_factor=peak, **load) for peak in (1, 5))

    def missing(found: Plan) -> tuple[float, float]:
        return found.span(
            lambda each: next(
                line.cost for line in each.costs.lines if line.price == "advantage_in_missing_gb"
            )
        )

    assert missing(steady) == (0, 0)
    assert missing(peaked)[0] == 0 < missing(peaked)[1]


def test_an_on_demand_stream_that_ignores_keys_has_no_hot_shard() -> None:
    hot = Load(rate=5000, event_bytes=1000, hottest_key=0.3)
    even = replace(hot, spreads_evenly=True)

    for mode in (Mode.ON_DEMAND, Mode.ADVANTAGE):
        assert "one partition key" in hit(make_plan(hot, mode, PRICES))
        assert "one partition key" not in hit(make_plan(even, mode, PRICES))
        capacity = make_plan(even, mode, PRICES).capacity
        assert capacity.hottest_share == 1 / capacity.shards
    assert make_plan(even, Mode.PROVISIONED, PRICES) == make_plan(hot, Mode.PROVISIONED, PRICES)


def test_a_warmed_table_is_paid_for_once_by_what_it_takes_more_than_a_new_one() -> None:
    assert plan(rate=1000).costs.warming == 0
    found = plan(rate=10_000, item_bytes=100)
    more = found.capacity.peak_writes_per_second - 4000
    assert found.costs.warming == pytest.approx(more * 0.00065)


def test_a_run_of_comply_reads_every_item_twice_once_for_half_the_price() -> None:
    found = plan(rate=1, item_bytes=4096, hours_per_month=1)

    assert found.costs.complying == pytest.approx(3600 * 1.5 * 0.125e-6)


def test_other_regions_have_other_quotas() -> None:
    load = Load(rate=300_000, event_bytes=1000, hottest_key=1e-6)
    elsewhere = replace(PRICES, region="eu-central-1")

    assert "on-demand stream" not in hit(make_plan(load, Mode.ON_DEMAND, PRICES))
    assert "on-demand stream" in hit(make_plan(load, Mode.ON_DEMAND, elsewhere))
