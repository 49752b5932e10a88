"""The whole page without a mouse."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.opening import opened
from tests.browsers import NewPage
from tests.unit.tweetpipe.dashboard.doubles import Dashboard, landed, snapshot

FOCUSED = """() => {
  const style = getComputedStyle(document.activeElement);
  return document.activeElement.matches(':focus-visible') && style.outlineStyle !== 'none'
    && parseFloat(style.outlineWidth) >= 2;
}"""


UNDER_THE_HEADER = """() => {
  const focused = document.activeElement;
  const bottom = document.querySelector('.top').getBoundingClientRect().bottom;
  return focused !== document.body && !focused.closest('.skip')
    && focused.getBoundingClientRect().top < bottom;
}"""


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until that has the focus; each stop on the way must be seen to have it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement !== document.body"):
            assert page.evaluate(FOCUSED), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"Tab does not come to {selector}")


def test_a_tweet_is_opened_and_left_by_keys(served: Dashboard, page: Page) -> None:
    served.collector.push(snapshot(landed(3), landed(2), landed(1)))
    expect(page.locator("#events li")).to_have_count(3)
    tab_to(page, "#events button")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_have_text("Author 2")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#events button").nth(1)).to_be_focused()


def test_a_list_is_one_stop(served: Dashboard, page: Page) -> None:
    served.collector.push(snapshot(*(landed(n) for n in range(50))))
    expect(page.locator("#events li")).to_have_count(50)

    tab_to(page, "#events button")
    page.keyboard.press("End")
    expect(page.locator("#events button").last).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Username, as stored")).to_be_focused()


def test_an_author_is_looked_up_by_keys(page: Page) -> None:
    tab_to(page, "#partition")
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(page.locator("#items li")).to_have_count(20)
    tab_to(page, "#older")
    page.keyboard.press("Enter")

    expect(page.locator("#items .message").first).to_have_text("message 124")


def test_a_letter_is_redriven_by_keys(served: Dashboard, page: Page) -> None:
    tab_to(page, "#read-letters")
    page.keyboard.press("Enter")
    expect(page.locator(".letter")).to_have_count(3)
    tab_to(page, "[aria-label='Redrive 11111111']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#letters-note")).to_contain_text("1 dead letter removed")


def test_the_first_stop_skips_to_the_parts(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Explorer")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_label("Username, as stored")).to_be_focused()


def test_the_header_hides_nothing_that_has_the_focus(served: Dashboard, new_page: NewPage) -> None:
    page = opened(new_page, served, viewport={"width": 640, "height": 400})
    page.get_by_role("button", name="Read the queue").click()
    expect(page.locator(".letter")).to_have_count(3)

    for key in ("Tab", "Shift+Tab"):
        for _ in range(20):
            page.keyboard.press(key)
            focused = page.evaluate("document.activeElement.outerHTML")
            assert not page.evaluate(UNDER_THE_HEADER), focused


def test_a_short_dialog_shows_the_whole_outline_of_what_has_the_focus(
    served: Dashboard, new_page: NewPage
) -> None:
    page = opened(new_page, served, viewport={"width": 640, "height": 400})
    served.collector.push(snapshot(landed(1, text="word " * 300)))
    page.locator("#events button").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).not_to_have_text("Reading the item from the table…")
    tab_to(page, ".details .buttons button")

    inner, outer = page.locator(":focus").bounding_box(), dialog.bounding_box()
    assert inner
    assert outer
    assert inner["y"] + inner["height"] + 5 <= outer["y"] + outer["height"]
