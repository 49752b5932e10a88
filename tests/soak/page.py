"""Keep the dashboard open on a busy stream, and measure its memory."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, expect
from rich.console import Console

import localstack_embedded
from localstack_embedded import DEFAULT_HOME
from localstack_embedded.tests.unused_ports import free_port
from tests.browsers import installed, launched, watched_context
from tests.commands import dashboard, environment_for, producing
from tests.stack_fixtures import PARAMETERS, deployed_stack
from tweetpipe.aws.place import local_place

SERVER, BROWSER = 100.0, 300.0
"""The limits of resident memory, in MB."""

_MB = 1e6
_EVERY = 60.0  # seconds
_PATIENCE = 30_000  # milliseconds, on a busy machine
_HEADER = f"{'minutes':>7}  {'server':>6}  {'page':>5}  {'its own':>7}  {'heap':>5}  {'nodes':>5}"
_console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident memory in MB: of the server, of the page's process, of the part that this process
    shares with no other, and of its JavaScript heap. `nodes` counts those of the document."""

    minutes: float
    server: float
    page: float
    own: float
    heap: float
    nodes: int

    def __str__(self) -> str:
        return (
            f"{self.minutes:7.1f}  {self.server:6.1f}  {self.page:5.1f}  {self.own:7.1f}  "
            f"{self.heap:5.1f}  {self.nodes:5}"
        )


def main() -> int:
    """Return exit code 3 if a limit is exceeded."""
    parser = argparse.ArgumentParser(prog="make soak-page", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="run for this long")
    parser.add_argument("--rate", type=float, default=200, help="tweets a second")
    options = parser.parse_args()
    try:
        chromium = installed()
    except FileNotFoundError as error:
        parser.error(str(error))
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    home = folder / "localstack"
    try:
        with launched(chromium) as browser:
            emulator = localstack_embedded.start(
                home, environment_home=DEFAULT_HOME, port=free_port()
            )
            samples = left_open(
                browser,
                emulator.endpoint,
                minutes=options.minutes,
                rate=options.rate,
                folder=folder,
                say=_console.print,
            )
    finally:
        localstack_embedded.stop(home)
        shutil.rmtree(folder, ignore_errors=True)
    server, page = max(sample.server for sample in samples), max(sample.page for sample in samples)
    _console.print(f"at most {server:.1f} of {SERVER:.0f} MB, and {page:.1f} of {BROWSER:.0f} MB")
    return 3 if server >= SERVER or page >= BROWSER else 0


def left_open(
    browser: Browser,
    endpoint: str,
    *,
    minutes: float,
    rate: float,
    folder: Path,
    say: Callable[[str], None],
) -> list[Sample]:
    """Fails if the page stops showing new tweets, or has an error."""
    environment = environment_for(endpoint)
    place = local_place(embedded_endpoint=endpoint, environ={})
    with (
        deployed_stack(place, PARAMETERS) as stack,
        dashboard(environment, stack.name, folder) as (url, server),
        producing(environment, stack.name, folder, rate=rate),
        watched_context(browser, url, reduced_motion="no-preference") as window,
    ):
        page = window.new_page()
        page.goto(url)
        return _watched(browser, page, psutil.Process(server.pid), minutes=minutes, say=say)


def _watched(
    browser: Browser,
    page: Page,
    server: psutil.Process,
    *,
    minutes: float,
    say: Callable[[str], None],
) -> list[Sample]:
    probe = page.context.new_cdp_session(page)
    probe.send("Performance.enable")
    started = time.monotonic()
    samples: list[Sample] = []
    newest = ""
    say(_HEADER)
    while not samples or samples[-1].minutes < minutes:
        page.wait_for_timeout(min(_EVERY, minutes * 60) * 1000)
        newest = _newer(page, newest)
        metrics = {
            metric["name"]: metric["value"]
            for metric in probe.send("Performance.getMetrics")["metrics"]
        }
        memory = _renderer(browser).memory_full_info()
        samples.append(
            Sample(
                minutes=(time.monotonic() - started) / 60,
                server=server.memory_info().rss / _MB,
                page=memory.rss / _MB,
                own=memory.uss / _MB,
                heap=metrics["JSHeapUsedSize"] / _MB,
                nodes=int(metrics["Nodes"]),
            )
        )
        say(str(samples[-1]))
    return samples


def _newer(page: Page, known: str) -> str:
    """The tweet at the top of the page, once it differs from this one."""
    top = page.locator("#events .message").first
    expect(top).not_to_have_text(known, timeout=_PATIENCE)
    return top.inner_text()


def _renderer(browser: Browser) -> psutil.Process:
    """The process of the only page; Chromium keeps a second one in reserve, which is smaller."""
    session = browser.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    processes = [psutil.Process(each["id"]) for each in found if each["type"] == "renderer"]
    return max(processes, key=lambda process: process.memory_info().rss)


if __name__ == "__main__":
    sys.exit(main())
