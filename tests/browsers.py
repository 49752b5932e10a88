"""Fixtures with a real browser without a window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    expect,
    sync_playwright,
)

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
FIREFOX = ("firefox-esr", "firefox")

NewPage = Callable[..., Page]

# Checks return as soon as they succeed; the default of 5 seconds is too short on a busy machine.
expect.set_options(timeout=60_000)

_MOST_LOADS = 50
_NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
_NO_NAME_RESOLVES = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
# A browser's messages about a stopped server, which some tests cause.
_GONE = ("net::ERR_", "Failed to load resource")


# Scoped to a module: it runs an event loop in this thread, which would disturb the loops of other
# tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; skips if it is not installed, or fails if REQUIRE_BROWSER is 1."""
    with launched(required()) as browser:
        yield browser


def required(names: tuple[str, ...] = CHROMIUM) -> str:
    """The path of a browser; without one, skips the test, or fails if REQUIRE_BROWSER is 1."""
    try:
        return installed(names)
    except FileNotFoundError as error:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


def installed(names: tuple[str, ...] = CHROMIUM) -> str:
    """The path of the first of these browsers; raises FileNotFoundError if there is none."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise FileNotFoundError(f"needs a browser: none of {', '.join(names)} is installed")
    return found


@contextmanager
def launched(executable: str) -> Iterator[Browser]:
    """This Chromium, which can reach only this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[_NO_NAME_RESOLVES])
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens an address in a new window; fails at the end if anything went wrong in it."""
    with ExitStack() as windows:

        def open_page(url: str, **options: Any) -> Page:
            context = windows.enter_context(watched_context(browser, url, **options))
            page = context.new_page()
            load(page, url)
            return page

        yield open_page


def load(page: Page, url: str) -> None:
    """Go to the address, again if the machine's networks changed before all was loaded.

    Docker makes and removes networks for other tests, and Chromium then breaks requests off.
    """
    broken: list[str] = []
    page.on("requestfailed", lambda request: broken.append(request.failure or ""))
    for _ in range(_MOST_LOADS):
        broken.clear()
        try:
            page.goto(url)
        except Error as error:
            broken.append(error.message)
            if _NETWORK_CHANGED not in error.message:
                raise
        if not any(_NETWORK_CHANGED in failure for failure in broken):
            return
    pytest.fail(f"the networks of this machine changed during {_MOST_LOADS} loads of {url}")


@contextmanager
def watched_context(browser: Browser, url: str, **options: Any) -> Iterator[BrowserContext]:
    """Fails at the end if a page raised or logged an error, or called another server."""
    errors: list[str] = []
    asked: set[str] = set()

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in _GONE):
            errors.append(message.text)

    # Drawing what moves takes more of the processor than most tests do.
    usual = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
    context = browser.new_context(**usual | options)
    context.on("console", note)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    try:
        yield context
    finally:
        context.close()
    assert not errors
    assert asked <= {urlsplit(url).netloc}
