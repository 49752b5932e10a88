from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
import requests

from tests.unit.tweetpipe.dashboard.doubles import dashboard
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.dashboard import server
from tweetpipe.dashboard.app import STATIC
from tweetpipe.dashboard.server import listening_socket, url_of

OURS = sorted(path for path in STATIC.glob("*") if path.is_file())


def test_a_taken_port_is_told_with_who_has_it_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WrongUsage, match=rf"Port {port} is in use.*--port"):
            listening_socket("127.0.0.1", port)


def test_without_a_port_the_next_free_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        usual = taken.getsockname()[1]
        monkeypatch.setattr(server, "DEFAULT_PORT", usual)
        with listening_socket("127.0.0.1", None) as listening:
            assert usual < listening.getsockname()[1] < usual + 20


def test_a_port_that_another_took_a_moment_ago_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        usual = taken.getsockname()[1]
        monkeypatch.setattr(server, "DEFAULT_PORT", usual)
        monkeypatch.setattr(server, "is_free", lambda _: True)
        with listening_socket("127.0.0.1", None) as listening:
            assert usual < listening.getsockname()[1] < usual + 20


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_refused_in_one_line(host: str) -> None:
    with pytest.raises(WrongUsage, match=r"--host that is an address of this machine"):
        listening_socket(host, 0)


def test_the_address_printed_is_one_that_a_browser_takes() -> None:
    with listening_socket("0.0.0.0", 0) as listening:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url_of(listening))


def test_the_page_is_one_origin_and_its_files_are_there() -> None:
    with dashboard() as served:
        html = requests.get(served.url, timeout=60).text
        files = re.findall(r'(?:src|href)="(/[^"]*)"', html)
        for path in files:
            assert requests.get(served.url + path, timeout=60).status_code == 200, path

    assert len(files) >= 5


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_our_files_name_no_other_site_and_make_no_markup_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")

    assert not re.search(r"(https?:)?//[\w-]+\.\w", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text)
    assert not re.search(r"""\s(on\w+|style)=["']""", text)


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/"])
def test_nothing_but_the_pages_files_is_served(path: str) -> None:
    with dashboard() as served:
        assert requests.get(served.url + path, timeout=60).status_code == 404


def test_the_library_we_carry_is_the_version_we_say_and_has_its_license() -> None:
    vendor = STATIC / "vendor"
    version = re.search(r"\(v([\d.]+)\)", (vendor / "uplot/uPlot.iife.min.js").read_text())

    assert version is not None
    assert f"| {version[1]} |" in (vendor / "README.md").read_text()
    assert "MIT License" in (vendor / "uplot/LICENSE").read_text()
