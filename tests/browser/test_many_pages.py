"""Many open pages cost the stack, and the browser's connections, no more than one."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browsers import load, watched_context
from tests.unit.tweetpipe.dashboard.doubles import Dashboard, landed, snapshot


def test_ten_pages_share_one_look_and_one_connection(served: Dashboard, browser: Browser) -> None:
    with watched_context(browser, served.url) as context:
        pages = [context.new_page() for _ in range(10)]
        for page in pages:
            load(page, served.url)
            expect(page.locator("#overall")).to_have_text("OK")
        served.collector.push(snapshot(landed(1, text="for all")))
        for page in pages:
            expect(page.get_by_text("for all")).to_be_visible()

        assert served.collector.most_subscribed == 1
        assert served.requested.count("/api/events") == 1


def test_a_page_that_closes_leaves_the_others_alone(served: Dashboard, browser: Browser) -> None:
    with watched_context(browser, served.url) as context:
        first, second = context.new_page(), context.new_page()
        for page in (first, second):
            load(page, served.url)
            expect(page.locator("#overall")).to_have_text("OK")
        first.close()
        served.collector.push(snapshot(landed(1, text="still there")))

        expect(second.get_by_text("still there")).to_be_visible()


def test_without_shared_workers_a_page_looks_by_itself(served: Dashboard, browser: Browser) -> None:
    with watched_context(browser, served.url) as context:
        context.add_init_script("delete window.SharedWorker")
        page = context.new_page()
        load(page, served.url)
        expect(page.locator("#overall")).to_have_text("OK")
        served.collector.push(snapshot(landed(1, text="by itself")))

        expect(page.get_by_text("by itself")).to_be_visible()
