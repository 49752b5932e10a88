"""Whose programs are served: another user's on this machine are not."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from typer.testing import CliRunner

from localstack_embedded import Address
from tests.other_user import answer_to_another_user, as_root
from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard
from tweetpipe.commands.app import app
from tweetpipe.dashboard import admission, server
from tweetpipe.dashboard.admission import Admission

PATHS = ("/", "/api/now", "/api/events", "/api/dead-letters", "/static/app.js")


@pytest.fixture
def keyed() -> Iterator[tuple[Dashboard, str]]:
    """A dashboard where nothing shows whose a connection is, and the address to open."""
    rule = Admission(lambda peer, own: None)
    with dashboard(admission=rule) as served, socket.create_server(("127.0.0.1", 0)) as listening:
        yield served, rule.address(served.url, listening)


@as_root
@pytest.mark.parametrize("path", ["/", "/api/now"])
def test_another_users_program_is_refused(path: str) -> None:
    with dashboard() as served:
        where = urlsplit(served.url)
        request = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n"
        answer = answer_to_another_user(request, str(where.hostname), where.port or 0)

    assert answer.startswith("HTTP/1.1 403 ")
    assert "the user who started it" in answer


@pytest.mark.parametrize(
    ("uid", "status"), [(os.getuid(), 200), (0, 200), (os.getuid() + 1, 403), (None, 403)]
)
def test_the_users_own_programs_and_roots_are_served(uid: int | None, status: int) -> None:
    with dashboard(admission=Admission(lambda peer, own: uid)) as served:
        assert requests.get(f"{served.url}/api/now", timeout=60).status_code == status


def test_it_is_looked_up_once_a_connection() -> None:
    asked: list[tuple[Address, Address]] = []

    def uid_of(peer: Address, own: Address) -> int:
        asked.append((peer, own))
        return os.getuid()

    with dashboard(admission=Admission(uid_of)) as served:
        for _ in range(2):
            with requests.Session() as session:
                for path in ("/", "/api/now"):
                    assert session.get(served.url + path, timeout=60).status_code == 200
        port = urlsplit(served.url).port

    assert [own for _, own in asked] == [("127.0.0.1", port)] * 2
    assert len({peer for peer, _ in asked}) == 2


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["", "?key=", "?key=guessed", "?key=%ff%00"])
def test_without_the_key_whoever_can_not_be_known_gets_nothing(
    keyed: tuple[Dashboard, str], path: str, key: str
) -> None:
    served, _ = keyed
    wrong = {"Cookie": f"tweetpipe-dashboard-{urlsplit(served.url).port}=guessed"}
    # Events, if they were served, would have no end.
    with requests.get(served.url + path + key, headers=wrong, timeout=60, stream=True) as answer:
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_the_address_that_was_printed_opens_the_page_and_all_that_it_asks(
    keyed: tuple[Dashboard, str],
) -> None:
    served, address = keyed
    with requests.Session() as browser:
        page = browser.get(address, headers={"Sec-Fetch-Site": "cross-site"}, timeout=60)
        assert page.status_code == 200
        assert page.headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict")
        assert browser.get(f"{served.url}/api/now", timeout=60).status_code == 200
        # What another site's page would have sent with the cookie is no action.
        redrive = f"{served.url}/api/dead-letters/redrive"
        assert browser.post(redrive, data='{"all": true}', timeout=60).status_code == 403


def test_a_known_stranger_is_refused_even_with_the_key() -> None:
    uids: list[int | None] = [None, os.getuid() + 1]
    rule = Admission(lambda peer, own: uids.pop(0))
    with dashboard(admission=rule) as served, socket.create_server(("127.0.0.1", 0)) as listening:
        address = rule.address(served.url, listening)
        assert requests.get(address, timeout=60).status_code == 403


@pytest.mark.parametrize(
    ("host", "uid", "has_key"),
    [
        ("127.0.0.1", os.getuid(), False),
        ("localhost", None, True),
        ("0.0.0.0", None, False),
    ],
)
def test_the_command_prints_and_opens_an_address_with_the_key_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch, listening: str, host: str, uid: int | None, has_key: bool
) -> None:
    opened: list[str] = []
    monkeypatch.setenv("AWS_ENDPOINT_URL", listening)
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(admission, "Admission", lambda: Admission(lambda peer, own: uid))
    monkeypatch.setattr(server.DashboardServer, "run", lambda self, sockets: None)

    result = CliRunner().invoke(app, ["dashboard", "--host", host, "--port", "0", "--open"])

    assert [url.partition("/?key=")[1] for url in opened] == ["/?key=" if has_key else ""]
    assert f"is at {opened[0]}; press Ctrl-C" in result.stdout
