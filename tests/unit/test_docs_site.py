"""The site: built strictly, complete, and without anything from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typer.main

from docs_site import pages
from docs_site.__main__ import build
from tests.documented import PROJECT
from tests.unit.infra.reading import PARAMETERS, WHOLE
from tweetpipe.commands.app import app


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    assert build(folder) == 0
    return folder


class _Loaded(HTMLParser):
    """What a browser gets for a page before anyone clicks."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given.get("rel") in ("canonical", "prev", "next"):
            return
        if tag in ("script", "img", "link", "iframe", "source"):
            self.addresses += filter(None, (given.get("src"), given.get("href")))


def test_each_document_is_a_page_that_loads_only_what_lies_beside_it(site: Path) -> None:
    assert {page.name for page in site.glob("*.html")} >= {
        page.replace(".md", ".html") for page in pages.DOCUMENTS.values()
    }
    for page in site.glob("*.html"):
        for address in _Loaded(page).addresses:
            assert not re.match(r"\w+:|//", address), (page, address)
            if page.name != "404.html":
                assert (site / address.partition("#")[0]).is_file(), (page, address)


def test_each_document_can_be_got_to_from_each_page() -> None:
    settings = (PROJECT / "docs_site" / "zensical.toml").read_text(encoding="utf-8")

    for page in pages.DOCUMENTS.values():
        assert f'= "{page}"' in settings, page


def test_styles_and_fonts_are_not_fetched_from_elsewhere(site: Path) -> None:
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", text), style


@pytest.mark.heavy
def test_search_works_without_a_server(site: Path) -> None:
    assert "dead-letter queue" in (site / "search.js").read_text(encoding="utf-8")


def test_the_reference_has_each_command_setting_parameter_and_output(site: Path) -> None:
    def leaves(command: Any, path: str) -> list[str]:
        if inner := getattr(command, "commands", {}):
            return [leaf for name in inner for leaf in leaves(inner[name], f"{path} {name}")]
        return [path]

    def text(name: str) -> str:
        return (site / f"reference-{name}.html").read_text(encoding="utf-8")

    for path in leaves(typer.main.get_command(app), "tweetpipe"):
        assert f">{path}<" in text("commands")
    settings = (PROJECT / ".env.example").read_text(encoding="utf-8")
    for name in re.findall(r"^#(\w+)=", settings, re.MULTILINE):
        assert f"<code>{name}</code>" in text("settings")
    for name in PARAMETERS:
        assert f"<code>{name}</code>" in text("parameters")
    for name in WHOLE["Outputs"]:
        assert f"<code>{name}</code>" in text("outputs")


@pytest.mark.heavy
def test_a_link_that_leads_nowhere_ends_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "wrong.md"
    wrong.write_text("# Wrong\n\n[nowhere](#nowhere)\n")
    monkeypatch.setitem(pages.DOCUMENTS, str(wrong), "wrong.md")

    assert build(tmp_path / "site") != 0
    assert not (tmp_path / "site").exists()
