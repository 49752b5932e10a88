"""The page in light and dark, on small screens, and for those who do not see it."""

from __future__ import annotations

import math
import os
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import LETTERS, opened
from tests.browsers import NewPage
from tests.pictures import letters_without_font, require_fonts, still
from tests.unit.tweetpipe.dashboard.doubles import (
    Dashboard,
    dashboard,
    landed,
    point,
    snapshot,
)
from tweetpipe.live.judging import OK
from tweetpipe.live.snapshot import (
    DeadLettersState,
    FunctionState,
    Health,
    StreamState,
    TableState,
)
from tweetpipe.project import ROOT
from tweets.fakes import FakeTweets, expected_item

CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
BOXES = """() => [...document.querySelectorAll('article, figure, section')]
  .map((one) => [one.getAttribute('aria-labelledby') ?? one.className,
    ...Object.values(one.getBoundingClientRect().toJSON()).map(Math.round)])"""
WITHOUT_A_NAME = """() => [...document.querySelectorAll('button, input, a, summary, dialog[open]')]
  .filter((one) => one.checkVisibility())
  .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length
    || document.getElementById(one.getAttribute('aria-labelledby'))?.textContent.trim()))
  .map((one) => one.outerHTML)"""

EDGES = """() => ['.top', 'main', '.reads'].map((part) => {
  const boxes = [...document.querySelectorAll(part + ' > *')]
    .map((one) => one.getBoundingClientRect());
  return [Math.min(...boxes.map((box) => box.left)), Math.max(...boxes.map((box) => box.right))]
    .map(Math.round);
})"""
# The colors of what is drawn: of the charts' pixels, of arrows, and of the shards' bars.
DRAWN = """() => [...new Set([
  ...[...document.querySelectorAll('.chart canvas')].flatMap((one) => {
    const { data } = one.getContext('2d').getImageData(0, 0, one.width, one.height);
    const found = new Set();
    for (let n = 0; n < data.length; n += 4)
      if (data[n + 3] === 255) found.add(`rgb(${data[n]}, ${data[n + 1]}, ${data[n + 2]})`);
    return [...found];
  }),
  getComputedStyle(document.querySelector('.arrow')).stroke,
  getComputedStyle(document.querySelector('.head-of-arrow')).fill,
  getComputedStyle(document.querySelector('.dots.moving')).stroke,
  getComputedStyle(document.querySelector('.bar i')).backgroundColor,
])]"""
SYSTEM_COLORS = """() => ['Canvas', 'CanvasText', 'Highlight'].map((name) => {
  const one = document.body.appendChild(document.createElement('i'));
  one.style.color = name;
  const { color } = getComputedStyle(one);
  one.remove();
  return color;
})"""


def fill(served: Dashboard, page: Page) -> None:
    """Has everything on the page that can be."""
    bad = Health("warning", "It is 42 s behind.")
    served.collector.push(
        snapshot(
            landed(1, title="a" * 300, text="b" * 900),
            landed(2),
            stream=StreamState("s" * 100, Health("unknown", "The stack can't be read."), (), None),
            function=FunctionState("f" * 64, bad, 1.0, 0.5, 800.0, 42.0),
            dead_letters=DeadLettersState(Health("error", "3 dead letters wait."), 2, 1, 3),
        )
    )
    expect(page.locator("#events li")).to_have_count(2)
    page.get_by_role("button", name="Read the queue").click()
    expect(page.locator(".letter")).to_have_count(3)
    page.locator("summary").first.click()
    page.get_by_label("Username, as stored").fill("Ada")
    page.keyboard.press("Enter")
    expect(page.locator("#items li")).to_have_count(20)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(served: Dashboard, new_page: NewPage, scheme: str) -> None:
    page = opened(new_page, served, color_scheme=scheme)
    fill(served, page)

    count, found = page.evaluate(CONTRAST)
    assert count > 100
    assert found == []
    page.locator("#events button").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate(CONTRAST)[1] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_button_under_the_pointer_stands_out(
    served: Dashboard, new_page: NewPage, scheme: str
) -> None:
    page = opened(new_page, served, color_scheme=scheme)
    fill(served, page)

    for asked, agreed in (("Redrive", "Redrive"), ("Delete", "Delete permanently")):
        page.get_by_role("button", name=f"{asked} 11111111").click()
        page.get_by_role("dialog").get_by_role("button", name=agreed).hover()
        assert page.evaluate(CONTRAST)[1] == []
        page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_with_forced_colors_what_is_drawn_has_the_systems_colors(
    new_page: NewPage, scheme: str
) -> None:
    with dashboard() as served:
        now = snapshot().at
        for second in range(900):
            served.collector.push(snapshot(latest=_past(now, second)))
        own = set(opened(new_page, served, color_scheme=scheme).evaluate(DRAWN))
        page = opened(new_page, served, forced_colors="active", color_scheme=scheme)
        drawn = set(page.evaluate(DRAWN))
        background, *foreground = page.evaluate(SYSTEM_COLORS)

        assert set(foreground) <= drawn
        assert background not in drawn
        assert {color for color in drawn & own if not _is_gray(color)} == set()
        styles = page.locator(".key").evaluate_all(
            "keys => keys.map((key) => getComputedStyle(key, '::before').borderTopStyle)"
        )
        assert styles == ["solid", "dashed"] * 3


def test_dark_is_dark(served: Dashboard, new_page: NewPage) -> None:
    backgrounds = {
        scheme: opened(new_page, served, color_scheme=scheme).evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    }

    assert backgrounds == {"light": "rgb(244, 246, 248)", "dark": "rgb(15, 20, 27)"}


@pytest.mark.parametrize("width", [320, 560, 800, 1100])
def test_nothing_is_wider_than_the_screen(served: Dashboard, new_page: NewPage, width: int) -> None:
    page = opened(new_page, served, viewport={"width": width, "height": 700})
    fill(served, page)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator("#events button").first.click()
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_the_header_is_as_wide_as_what_is_below(
    served: Dashboard, new_page: NewPage, width: int
) -> None:
    page = opened(new_page, served, viewport={"width": width, "height": 900})
    assert len({tuple(edges) for edges in page.evaluate(EDGES)}) == 1


def test_on_a_phone_the_state_is_beside_the_name(served: Dashboard, new_page: NewPage) -> None:
    page = opened(new_page, served, viewport={"width": 390, "height": 844})
    boxes = [page.locator(part).bounding_box() for part in ("h1", "#overall", "#updated")]
    middles = [box["y"] + box["height"] / 2 for box in boxes if box]

    assert middles == pytest.approx([middles[0]] * 3, abs=2)


@pytest.mark.parametrize("width", [390, 700, 768, 800, 960, 1280])
def test_the_charts_are_in_a_row_or_in_a_column(
    served: Dashboard, new_page: NewPage, width: int
) -> None:
    page = opened(new_page, served, viewport={"width": width, "height": 900})
    boxes = [chart.bounding_box() for chart in page.locator(".chart").all()]
    assert len({box["y"] for box in boxes if box}) in (1, 3)


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_larger_numbers_move_nothing(served: Dashboard, new_page: NewPage, width: int) -> None:
    page = opened(new_page, served, viewport={"width": width, "height": 900})

    def show(rate: float, total: int) -> Any:
        function = FunctionState("f", OK, rate, rate, rate, rate, rejected_per_s=rate)
        latest = point(
            time.time(), records_per_s=rate, items_per_s=rate, failed=total, rejected=total
        )
        served.collector.push(
            snapshot(
                function=function,
                table=TableState("tweets-EventData", OK, rate, total),
                dead_letters=DeadLettersState(OK, total, total, total),
                latest=latest,
            )
        )
        expect(page.get_by_role("article", name="EventData")).to_contain_text(f"{total:,}")
        return page.evaluate(BOXES)

    before = show(0.0, 0)
    after = show(123_456.7, 1_234_567)
    assert [box for box in after if box not in before] == []


def test_nothing_moves_for_those_who_ask_for_that(served: Dashboard, new_page: NewPage) -> None:
    moving = "() => document.getAnimations().length"
    page = opened(new_page, served, reduced_motion="no-preference")
    expect(page.locator(".dots.moving").first).to_be_attached()
    assert page.evaluate(moving) > 0

    still = opened(new_page, served, reduced_motion="reduce")
    expect(still.locator(".dots.moving").first).to_be_attached()
    assert still.evaluate(moving) == 0


def test_everything_that_can_be_used_has_a_name(served: Dashboard, page: Page) -> None:
    fill(served, page)

    assert page.evaluate(WITHOUT_A_NAME) == []
    page.locator("#events button").first.click()
    assert page.evaluate(WITHOUT_A_NAME) == []


def test_the_page_has_its_landmarks_and_headings(page: Page) -> None:
    for role in ("banner", "main", "contentinfo", "search"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("tweetpipe")
    regions = ["Data flow", "The last 15 minutes", "Newest events", "Explorer", "Dead letters"]
    for name in regions:
        expect(page.get_by_role("region", name=name)).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"


def test_new_tweets_are_not_read_out(page: Page) -> None:
    # A list that is announced whenever it changes would drown everything else.
    assert page.locator("#newest [aria-live], #newest [role=status]").count() == 0


def test_a_picture_of_the_page(new_page: NewPage, tmp_path: Path) -> None:
    """With SCREENSHOTS=1, it becomes the one of the README."""
    with dashboard(letters=LETTERS) as served:
        now = snapshot().at
        for second in range(900):
            served.collector.push(snapshot(latest=_past(now, second)))
        page = opened(new_page, served, viewport={"width": 1280, "height": 1150})
        tweets = [expected_item(tweet) for tweet in map(FakeTweets(8).tweet, range(12))]
        newest = [_landed(item, now, n) for n, item in enumerate(tweets)]
        served.collector.push(
            snapshot(
                *newest,
                function=replace(snapshot().function, rejected_per_s=0.0),
                dead_letters=DeadLettersState(
                    Health("warning", "3 dead letters wait below."), 2, 1, 3
                ),
            )
        )
        expect(page.locator("#events li")).to_have_count(12)
        for n, item in enumerate(tweets[:5]):
            served.table.put(tweets[0]["Username"], f"{2039343553439037873 - n}", item["Message"])
        page.get_by_label("Username, as stored").fill(tweets[0]["Username"])
        page.keyboard.press("Enter")
        expect(page.locator("#items li")).to_have_count(5)
        asked = os.environ.get("SCREENSHOTS") == "1"
        if asked:
            require_fonts(page)
        path = ROOT / "docs/images/dashboard.png" if asked else tmp_path / "dashboard.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        still(page.screenshot(), path)

    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_letter_without_a_font_is_noticed(page: Page) -> None:
    assert letters_without_font(page) == []
    # Unicode leaves it to private use, so that no font is likely to have it.
    page.evaluate("document.querySelector('h1').append('\\u{10FFF0}')")
    assert letters_without_font(page) == ["\U0010fff0"]


def _is_gray(color: str) -> bool:
    return len(set(re.findall(r"[\d.]+", color)[:3])) == 1


def _past(now: float, second: int) -> Any:
    """It ends with the rates and times that a healthy stack has."""
    before = second - 900
    wave = 40 * math.sin(before / 60)
    slow = 480 < second < 520
    return point(
        now + before,
        records_per_s=200.0 + wave,
        items_per_s=90.0 if slow else 199.5 + wave,
        p50_s=0.21 + 0.02 * math.sin(before / 45) + slow,
        p99_s=0.64 + 0.08 * math.sin(before / 30) + 2 * slow,
        failed=2 if 490 < second < 494 else 0,
    )


def _landed(item: dict[str, str], now: float, n: int) -> Any:
    return landed(
        n,
        title=item["Username"],
        text=item["Message"],
        landed_at=now - n / 5,
        latency_s=0.19 + n % 5 / 20,
    )
