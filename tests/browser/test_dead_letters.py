"""Dead letters: seen, redriven, deleted."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.opening import LETTERS, opened
from tests.browsers import NewPage
from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard, snapshot
from tests.unit.tweetpipe.dead_letters.doubles import tweet


def letter(page: Page, id_: str) -> Locator:
    return page.locator(f".letter[data-id='{id_}']")


def read(page: Page) -> None:
    page.get_by_role("button", name="Read the queue").click()
    expect(page.locator(".letter")).to_have_count(len(LETTERS))


def answer(page: Page, name: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def test_a_letter_is_shown_with_reason_position_and_payload(page: Page) -> None:
    read(page)
    bad = letter(page, "22222222-bad")
    bad.get_by_text("Payload").click()

    expect(bad).to_contain_text("no-id")
    expect(bad).to_contain_text("shardId-000000000001")
    expect(bad).to_contain_text("at 495")
    expect(bad.locator("pre")).to_have_text('{"text": "<script>document.title = 1</script>"}')
    expect(letter(page, "33333333-batch")).to_contain_text("11 records")


def test_a_letter_is_redriven_after_a_question(served: Dashboard, page: Page) -> None:
    read(page)
    letter(page, "11111111-good").get_by_role("button", name="Redrive").click()
    assert not served.function.events
    answer(page, "Redrive")

    expect(page.locator("#letters-note")).to_contain_text("1 record stored, 1 dead letter removed")
    expect(letter(page, "11111111-good")).to_have_count(0)
    assert served.function.data() == [tweet(1)]


def test_no_is_an_answer(served: Dashboard, page: Page) -> None:
    read(page)
    letter(page, "11111111-good").get_by_role("button", name="Redrive").click()
    # What has the focus when a person is asked must do no harm.
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    letter(page, "11111111-good").get_by_role("button", name="Delete").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()

    assert len(served.sqs.visible()) == len(LETTERS)
    assert not any("/redrive" in path or "/purge" in path for path in served.requested)


def test_a_letter_that_stays_says_why(served: Dashboard, page: Page) -> None:
    read(page)
    letter(page, "22222222-bad").get_by_role("button", name="Redrive").click()
    answer(page, "Redrive")

    expect(page.locator("#letters-note")).to_contain_text("rejected again")
    expect(letter(page, "22222222-bad")).to_be_visible()


def test_all_letters_are_redriven(served: Dashboard, page: Page) -> None:
    read(page)
    page.get_by_role("button", name="Redrive all").click()
    answer(page, "Redrive all")

    expect(page.locator("#letters-note")).to_contain_text("1 record stored")
    expect(page.locator("#letters-note")).to_contain_text("2 kept")
    expect(page.locator(".letter")).to_have_count(2)


def test_a_letter_is_deleted_after_a_question(served: Dashboard, page: Page) -> None:
    read(page)
    letter(page, "22222222-bad").get_by_role("button", name="Delete").click()
    answer(page, "Delete permanently")

    expect(page.locator("#letters-note")).to_contain_text("1 dead letter deleted")
    assert "22222222-bad" not in served.sqs.bodies


def test_a_page_that_only_reads_has_no_buttons_and_says_how(new_page: NewPage) -> None:
    options = " --events my-events --stack mine --target aws"
    with dashboard(letters=LETTERS, may_act=False, options=options) as served:
        served.collector.push(snapshot(target="aws"))
        page = opened(new_page, served)
        read(page)

        assert page.locator(".letter").get_by_role("button").count() == 0
        expect(page.get_by_role("button", name="Redrive all")).to_be_hidden()
        expect(page.locator("#letters-only-reads pre")).to_have_text(
            [
                f"tweetpipe dead-letters redrive{options} --all",
                f"tweetpipe dashboard{options} --allow-actions",
            ]
        )
