"""The dashboard's page in a real browser, with a collector that sees what a test says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browsers import NewPage, browser, new_page
from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard, snapshot
from tests.unit.tweetpipe.redrive_doubles import exhausted, rejected, tweet

__all__ = ["browser", "new_page"]

LETTERS = {
    "11111111-good": rejected(tweet(1)),
    "22222222-bad": rejected(b'{"text": "<script>document.title = 1</script>"}'),
    "33333333-batch": exhausted(10, 20),
}


@pytest.fixture
def served() -> Iterator[Dashboard]:
    """A dashboard of a healthy stack with three dead letters and an author of 45 tweets."""
    with dashboard(letters=LETTERS) as running:
        for number in range(100, 145):
            running.table.put("Ada", str(number), f"message {number}")
        running.collector.push(snapshot())
        yield running


@pytest.fixture
def page(served: Dashboard, new_page: NewPage) -> Page:
    """The dashboard, open."""
    return opened(new_page, served)


def opened(new_page: NewPage, served: Dashboard, **options: object) -> Page:
    """A page that has shown its first snapshot."""
    page = new_page(served.url, **options)
    page.locator("#overall[data-state=ok]").wait_for()
    return page
