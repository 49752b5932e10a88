"""axe-core finds nothing on the page that keeps people from using it, whatever state it is in."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.opening import opened
from tests.browser.test_looks import fill
from tests.browsers import NewPage
from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard, snapshot

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def violations(page: Page) -> list[str]:
    """What all of its rules find, those of good practice too."""
    response = Axe().run(page).response
    assert len(response["passes"]) > 10
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:200]}"
        for rule in response["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(
    "looks",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}],
    ids=["light", "dark", "forced colors"],
)
def test_a_full_page_and_its_dialogs(
    served: Dashboard, new_page: NewPage, looks: dict[str, object], size: object
) -> None:
    page = opened(new_page, served, viewport=size, **looks)
    fill(served, page)
    assert violations(page) == []

    page.locator("#events button").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


def test_what_it_would_find(page: Page) -> None:
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert [found.split()[0] for found in violations(page)] == ["html-has-lang"]


def test_a_page_before_anything_has_come(new_page: NewPage) -> None:
    with dashboard() as served:
        page = new_page(served.url)
        expect(page.get_by_role("main")).to_be_visible()
        assert violations(page) == []


def test_a_page_that_has_lost_its_server(new_page: NewPage) -> None:
    with dashboard() as served:
        served.collector.push(snapshot())
        page = opened(new_page, served)
    page.locator("#overall:not([data-state=ok])").wait_for()
    assert violations(page) == []
