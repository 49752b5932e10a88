"""What the page says when something is gone, and that it goes on by itself."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import LETTERS, opened
from tests.browsers import NewPage
from tests.unit.tweetpipe.dashboard.doubles import (
    BreakingCollector,
    Dashboard,
    FakeCollector,
    dashboard,
    landed,
    snapshot,
)
from tweetpipe.dashboard.admission import Admission
from tweetpipe.live.snapshot import Health

GONE = Health(
    "error", "No emulator answers at http://localhost:4566. To start one, run:\n  tweetpipe up"
)


def test_a_stack_that_is_gone_is_told_and_found_again(served: Dashboard, page: Page) -> None:
    served.collector.push(snapshot(landed(1)))
    served.collector.push(snapshot(landed(1), reachable=GONE))
    alert = page.get_by_role("alert")
    expect(alert).to_have_text(GONE.why)
    assert alert.inner_text().endswith("run:\ntweetpipe up")
    expect(page.locator("#overall")).to_have_text("Error")
    # What was seen stays, and can be used.
    expect(page.get_by_text("message 1")).to_be_visible()

    served.collector.push(snapshot(landed(2)))
    expect(alert).to_be_hidden()
    expect(page.get_by_text("message 2")).to_be_visible()
    expect(page.get_by_role("status").first).to_have_text("Pipeline: OK")


@pytest.mark.parametrize("script", ["app.js", "live.js"])
def test_a_page_whose_scripts_did_not_load_says_what_to_do(page: Page, script: str) -> None:
    page.route(f"**/{script}", lambda route: route.abort("addressunreachable"))
    page.reload()
    expect(page.locator("#overall")).to_have_text("Connecting If this takes long, reload the page.")
    expect(page.get_by_text("reload the page")).to_be_visible()

    page.unroute(f"**/{script}")
    page.reload()
    page.locator("#overall[data-state=ok]").wait_for()
    expect(page.get_by_text("reload the page")).to_have_count(0)


def test_what_breaks_the_reading_is_told(new_page: NewPage) -> None:
    collector = BreakingCollector()
    collector.push(snapshot())
    with dashboard(collector=collector) as served:
        page = opened(new_page, served)
        collector.error = KeyError("Responses")
        collector.push(snapshot(landed(1)))
        expect(page.get_by_role("alert")).to_contain_text("KeyError: 'Responses'. This is a bug")
        expect(page.locator("#overall")).to_have_text("Error")

        collector.error = None
        collector.push(snapshot(landed(2)))
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.locator("#overall")).to_have_text("OK")


def test_a_picture_that_stands_still_is_not_shown_as_ok(new_page: NewPage) -> None:
    with dashboard() as served:
        page = new_page(served.url)
        page.clock.install()
        page.goto(served.url)
        served.collector.push(snapshot())
        page.locator("#overall[data-state=ok]").wait_for()
        page.clock.run_for(20_000)

        expect(page.get_by_role("alert")).to_contain_text("the figures here are out of date")
        expect(page.locator("#overall")).to_have_text("Unknown")
        served.collector.push(snapshot())
        expect(page.get_by_role("alert")).to_be_hidden()


def test_a_server_that_is_gone_is_told_and_found_again(new_page: NewPage) -> None:
    collector = FakeCollector()
    collector.push(snapshot())
    with dashboard(collector=collector) as served:
        port = urlsplit(served.url).port or 0
        page = opened(new_page, served)
    expect(page.get_by_role("alert")).to_contain_text("server does not answer")
    assert "last updated" in page.locator("#updated").inner_text()
    assert page.evaluate("document.getAnimations().length") == 0
    expect(page.locator("#overall")).to_have_text("Unknown")
    page.get_by_label("Username, as stored").fill("Ada")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("server does not answer")

    with dashboard(collector=collector, letters=LETTERS, port=port) as served:
        expect(page.get_by_role("alert")).to_be_hidden()
        collector.push(snapshot(landed(1, text="after the pause")))
        expect(page.get_by_text("after the pause")).to_be_visible()
        # With the token of the new server.
        page.get_by_role("button", name="Read the queue").click()
        page.get_by_role("button", name="Delete 22222222").click()
        page.get_by_role("button", name="Delete permanently").click()
        expect(page.locator("#letters-note")).to_contain_text("1 dead letter deleted")


def test_where_a_key_is_needed_the_address_with_it_opens_a_page_that_works(
    new_page: NewPage,
) -> None:
    rule = Admission(lambda peer, own: None)
    with (
        dashboard(letters=LETTERS, admission=rule) as served,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        served.collector.push(snapshot(landed(1)))
        page = new_page(rule.address(served.url, listening))

        expect(page.get_by_text("message 1")).to_be_visible()
        page.get_by_role("button", name="Read the queue").click()
        page.get_by_role("button", name="Delete 22222222").click()
        page.get_by_role("button", name="Delete permanently").click()
        expect(page.locator("#letters-note")).to_contain_text("1 dead letter deleted")
        page.goto(served.url)
        expect(page.get_by_text("message 1")).to_be_visible()


def test_before_the_first_look_the_page_waits_without_alarm(new_page: NewPage) -> None:
    with dashboard() as served:
        page = new_page(served.url)

        expect(page.locator("#updated")).to_have_text(
            "Waiting for the first figures from the stack"
        )
        expect(page.get_by_role("alert")).to_be_hidden()
