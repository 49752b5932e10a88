"""Opens the dashboard's page for a test."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browsers import NewPage
from tests.unit.tweetpipe.dashboard.doubles import Dashboard
from tests.unit.tweetpipe.dead_letters.doubles import exhausted, rejected, tweet

LETTERS = {
    "11111111-good": rejected(tweet(1)),
    "22222222-bad": rejected(b'{"text": "<script>document.title = 1</script>"}'),
    "33333333-batch": exhausted(10, 20),
}


def opened(new_page: NewPage, served: Dashboard, **options: object) -> Page:
    """A page that has shown its first snapshot."""
    page = new_page(served.url, **options)
    page.locator("#overall[data-state=ok]").wait_for()
    return page
