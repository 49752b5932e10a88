"""The table, looked at by author."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import opened
from tests.browsers import NewPage
from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard, snapshot
from tweetpipe.dashboard import questions


def look_up(page: Page, author: str) -> None:
    page.get_by_label("Username, as stored").fill(author)
    page.get_by_role("button", name="Look up").click()


def test_an_authors_tweets_are_shown_page_by_page(served: Dashboard, page: Page) -> None:
    look_up(page, "Ada")
    rows = page.locator("#items .message")
    older, newer = (page.get_by_role("button", name=name) for name in ("Older", "Newer"))

    expect(rows).to_have_count(20)
    expect(rows.first).to_have_text("message 144")
    expect(newer).to_be_disabled()
    older.click()
    expect(rows.first).to_have_text("message 124")
    older.click()
    expect(rows).to_have_count(5)
    expect(older).to_be_disabled()
    newer.click()
    expect(rows.first).to_have_text("message 124")
    expect(page.get_by_text("Page 2")).to_be_visible()
    assert served.table.reads == 4


def test_an_item_is_shown_whole_and_as_json(served: Dashboard, page: Page) -> None:
    long = "한글 " * 1000 + "the end"
    served.table.put("Bob", "1", long)
    look_up(page, "Bob")
    page.locator("#items button").click()

    details = page.get_by_role("dialog")
    expect(details.locator(".message")).to_contain_text("the end")
    expect(details.locator("pre")).to_contain_text('"Id": "1"')
    expect(details).to_contain_text("not seen: the event was stored before")


def test_from_a_tweet_one_comes_to_its_author(served: Dashboard, page: Page) -> None:
    look_up(page, "Ada")
    page.locator("#items button").first.click()
    page.get_by_role("button", name="All items of this Username").click()

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_label("Username, as stored")).to_have_value("Ada")
    expect(page.locator("#items .message").first).to_have_text("message 144")


def test_an_unknown_author_is_said_to_have_none(page: Page) -> None:
    look_up(page, "<b>nobody</b>")

    expect(page.locator("#found")).to_contain_text("No items found")
    expect(page.locator("#items li")).to_have_count(0)


def test_a_refused_question_says_what_to_do(
    new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_WINDOW", 1000.0)  # seconds, which no machine is so busy for
    with dashboard(questions_per_s=0.001) as served:
        served.collector.push(snapshot())
        page = opened(new_page, served)
        look_up(page, "Ada")
        expect(page.locator("#found")).to_contain_text("No items found")
        look_up(page, "Ada")

        expect(page.locator("#found")).to_contain_text("Wait a moment")


def test_opening_the_page_reads_nothing_of_the_table(served: Dashboard, page: Page) -> None:
    assert served.table.reads == 0
    assert "/api/dead-letters" not in served.requested
