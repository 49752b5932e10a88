"""The flow and the time series."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import opened
from tests.browsers import NewPage
from tests.unit.tweetpipe.dashboard.doubles import OK, Dashboard, dashboard, point, snapshot
from tweetpipe.live.snapshot import DeadLettersState, FunctionState, Health, Shard, StreamState


def test_each_part_shows_its_state_in_words_and_its_figures(page: Page) -> None:
    node = {name: page.get_by_role("article", name=name) for name in ("Kinesis stream", "Function")}

    expect(node["Kinesis stream"]).to_contain_text("OK")
    expect(node["Kinesis stream"]).to_contain_text("200 records/s")
    expect(node["Kinesis stream"].get_by_role("listitem")).to_have_text(
        ["shard 0103/s, age 200 ms", "shard 197/s, age 300 ms"]
    )
    expect(node["Function"]).to_contain_text("38.5 ms")
    expect(page.get_by_role("article", name="EventData")).to_contain_text("12,345")


def test_the_page_says_where_the_stack_is(served: Dashboard, page: Page) -> None:
    where = page.locator("#where")
    expect(where).to_have_text("tweets · emulator at http://127.0.0.1:4566")
    served.collector.push(snapshot(target="aws", region="eu-west-1"))
    expect(where).to_have_text("tweets · AWS, eu-west-1")


def test_what_is_not_well_says_why(served: Dashboard, page: Page) -> None:
    served.collector.push(
        snapshot(
            function=FunctionState(
                "tweets-DDBEventProcessor",
                Health("warning", "It is 42 s behind."),
                *(1.0, 0.5, 800.0, 42.0),
            ),
            dead_letters=DeadLettersState(Health("error", "3 dead letters wait."), 2, 1, 3),
        )
    )

    function = page.get_by_role("article", name="Function")
    expect(function).to_contain_text("Warning")
    expect(function).to_contain_text("It is 42 s behind.")
    dead = page.get_by_role("article", name="Dead letters")
    expect(dead).to_contain_text("Error")
    expect(dead).to_contain_text("3 dead letters wait.")
    expect(page.locator("#overall")).to_have_text("Error")
    shapes = {
        state: page.locator(f"[data-node={node}] .state-icon").inner_html()
        for state, node in (("ok", "table"), ("warning", "function"), ("error", "dead"))
    }
    assert len(set(shapes.values())) == 3


def test_all_that_the_chart_of_errors_counts_is_on_the_functions_card(
    served: Dashboard, page: Page
) -> None:
    function = FunctionState("f", OK, 4.0, 0.5, 38.5, 0.3, rejected_per_s=1.5)
    served.collector.push(
        snapshot(function=function, latest=point(time.time(), failed=2, rejected=5))
    )

    card = page.get_by_role("article", name="Function")
    expect(card).to_contain_text("failed calls0.5/s")
    expect(card).to_contain_text("rejected records1.5/s")
    chart = page.get_by_role("figure").filter(has_text="Errors")
    expect(chart).to_contain_text("failed calls 2")
    expect(chart).to_contain_text("rejected records 5")


def test_what_is_not_known_is_a_dash_and_not_a_zero(served: Dashboard, page: Page) -> None:
    stream = StreamState("tweets-stream", Health("unknown", "The stack can't be read."), (), None)
    served.collector.push(snapshot(stream=stream))

    node = page.get_by_role("article", name="Kinesis stream")
    expect(node).to_contain_text("\u2013 records/s")
    expect(node).to_contain_text("Unknown")
    expect(page.get_by_role("article", name="Source")).to_contain_text("Unknown")


def test_of_many_shards_the_busiest_are_shown(served: Dashboard, page: Page) -> None:
    shards = tuple(Shard(f"shardId-{n:012}", float(n), 0.1) for n in range(40))
    served.collector.push(snapshot(stream=StreamState("tweets-stream", OK, shards, 780.0)))

    node = page.get_by_role("article", name="Kinesis stream")
    expect(node.get_by_role("listitem")).to_have_count(6)
    expect(node).to_contain_text("shard 39")
    expect(node).to_contain_text("and 34 quieter shards")
    table, dead = [page.locator(f"#node-{part}").bounding_box() for part in ("table", "dead")]
    assert table
    assert dead
    assert dead["y"] - table["y"] - table["height"] == pytest.approx(16, abs=1)


def test_the_charts_begin_with_what_was_before(new_page: NewPage) -> None:
    with dashboard() as served:
        now = snapshot().at
        for n in range(300):
            latest = point(now - 300 + n, records_per_s=float(n))
            served.collector.push(snapshot(latest=latest))
        page = opened(new_page, served)
        colours = (
            "chart => { const c = chart.querySelector('canvas');"
            " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            " const seen = new Set();"
            " for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 200)"
            "   seen.add([d[i], d[i + 1], d[i + 2]].join());"
            " return seen.has('29,95,191'); }"
        )
        expect(page.locator(".chart").first).to_contain_text("into the stream 299/s")
        assert page.locator(".chart").first.evaluate(colours)


def test_the_reads_and_their_bounds_are_shown(page: Page) -> None:
    footer = page.get_by_role("contentinfo")

    expect(footer).to_contain_text("Kinesis")
    expect(footer).to_contain_text("2 of 2.5 at most")
    expect(footer).to_contain_text("Explorer and dead letters, on demand")
