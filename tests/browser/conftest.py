"""The dashboard's page in a real browser, with a collector that sees what a test says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.opening import LETTERS, opened
from tests.browsers import NewPage, browser, new_page
from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard, snapshot

__all__ = ["browser", "new_page"]


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
