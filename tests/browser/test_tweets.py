"""The newest tweets, as they land."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.unit.tweetpipe.dashboard.doubles import Dashboard, landed, snapshot
from tweetpipe.live.snapshot import Landed

SCRIPT = "<script>document.title = 1</script><img src=x onerror='document.title = 1'>"
HEBREW = "שלום <b>עולם</b> #אבג"
# Turns around what follows it, if it is let.
OVERRIDE = "Mallory \u202e\u2066"


def push(served: Dashboard, *newest: Landed) -> None:
    served.collector.push(snapshot(*newest))


def ids(page: Page) -> list[str]:
    return page.locator("#events .message").all_inner_texts()


def test_a_tweet_is_shown_within_two_seconds_of_landing(served: Dashboard, page: Page) -> None:
    def is_shown_soon(number: int) -> bool:
        push(served, landed(number, text=f"just landed: {number}"))
        try:
            expect(page.get_by_text(f"just landed: {number}")).to_be_visible(timeout=2000)
        except AssertionError:
            return False
        return True

    # A machine that is busy with something else may be late now and then.
    assert any(map(is_shown_soon, range(1, 6)))


def test_newer_tweets_come_above_older_ones(served: Dashboard, page: Page) -> None:
    push(served, landed(2), landed(1))
    expect(page.locator("#events li")).to_have_count(2)
    push(served, landed(3), landed(2), landed(1))
    expect(page.locator("#events li")).not_to_have_count(2)

    assert ids(page)[:3] == ["message 3", "message 2", "message 1"]


def test_markup_in_a_tweet_is_shown_as_text(served: Dashboard, page: Page) -> None:
    push(served, landed(1, title=SCRIPT, text=SCRIPT))

    row = page.locator("#events li")
    expect(row.locator(".message")).to_have_text(SCRIPT)
    expect(row.locator(".title")).to_have_text(SCRIPT)
    assert row.locator("script, img").count() == 0
    row.get_by_role("button").click()
    details = page.get_by_role("dialog")
    expect(details.get_by_role("heading", level=2)).to_have_text(SCRIPT)
    assert details.locator("script, img").count() == 0
    expect(page).to_have_title("tweets · tweetpipe")


def test_right_to_left_text_runs_from_right_to_left(served: Dashboard, page: Page) -> None:
    push(served, landed(1, title="דנה", text=HEBREW), landed(2, text="plain"))

    message = page.get_by_text(HEBREW)
    expect(message).to_have_css("direction", "rtl")
    expect(page.get_by_text("plain")).to_have_css("direction", "ltr")


def test_a_name_does_not_turn_around_what_stands_beside_it(served: Dashboard, page: Page) -> None:
    push(served, landed(1, title=OVERRIDE, latency_s=0.25))

    row = page.locator("#events li")
    expect(row.locator(".title bdi")).to_have_text(OVERRIDE.strip())
    name, when = row.locator(".title").bounding_box(), row.locator(".when").bounding_box()
    assert name is not None
    assert when is not None
    assert when["x"] > name["x"]


def test_a_pile_of_accents_stays_in_its_row(served: Dashboard, page: Page) -> None:
    push(served, landed(1, text="Z" + "\u0351\u0363\u0312" * 200), landed(2))

    expect(page.locator("#events li").first).to_have_css("overflow", "hidden")


def test_a_pause_holds_the_list_and_counts_what_comes(served: Dashboard, page: Page) -> None:
    push(served, landed(1))
    expect(page.locator("#events li")).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    push(served, landed(3), landed(2))

    expect(page.locator("#newest-note")).to_have_text("Paused: 2 new")
    assert ids(page) == ["message 1"]
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#events li")).to_have_count(3)
    assert ids(page) == ["message 3", "message 2", "message 1"]


def test_the_list_is_held_while_somebody_is_in_it(served: Dashboard, page: Page) -> None:
    push(served, landed(1))
    page.locator("#events button").focus()
    push(served, landed(2))

    expect(page.locator("#newest-note")).to_contain_text("1 new")
    expect(page.locator("#events button")).to_be_focused()
    page.get_by_role("button", name="Pause").focus()
    expect(page.locator("#events li")).to_have_count(2)


def test_a_long_stream_does_not_fill_the_page(served: Dashboard, page: Page) -> None:
    for start in range(0, 2000, 100):
        push(served, *(landed(number) for number in range(start + 99, start - 1, -1)))
    expect(page.locator("#events .message").first).to_have_text("message 1999")

    assert page.locator("#events li").count() == 50


def test_a_tweet_opens_with_its_way(served: Dashboard, page: Page) -> None:
    served.table.put("Author 7", "7", "message 7")
    push(served, landed(7))
    page.locator("#events button").click()

    details = page.get_by_role("dialog")
    expect(details).to_contain_text("shardId-000000000001")
    expect(details).to_contain_text("1007")
    expect(details.locator("pre")).to_contain_text('"Message": "message 7"')
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()
