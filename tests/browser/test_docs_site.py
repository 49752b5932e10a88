from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from docs_site.__main__ import build
from tests.browsers import NewPage


def test_search_finds_a_page_in_a_site_that_was_opened_from_its_folder(
    tmp_path: Path, new_page: NewPage
) -> None:
    assert build(tmp_path / "site") == 0
    page = new_page((tmp_path / "site" / "index.html").as_uri())

    page.get_by_role("button", name="Search").click()
    typed = page.get_by_placeholder("Search")
    typed.press_sequentially("RecordDistribution")

    expect(typed).to_have_value("RecordDistribution")
    page.get_by_role("option").filter(has_text="One author, many tweets").first.click()

    expect(page).to_have_url(re.compile(r"/site/aws\.html.*#one-author-many-tweets$"))
