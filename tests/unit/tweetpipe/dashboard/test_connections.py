"""Whoever opens connections and says nothing does not keep others from the page."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard
from tests.waiting import wait_for
from tweetpipe.dashboard import connections

MOST = 8


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dashboard]:
    monkeypatch.setattr(connections, "MOST", MOST)
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    with dashboard() as served:
        yield served


def connect(served: Dashboard) -> socket.socket:
    url = urlsplit(served.url)
    assert url.hostname is not None
    return socket.create_connection((url.hostname, url.port or 0), timeout=60)


def answered(served: Dashboard, path: str = "/", **options: Any) -> requests.Response:
    """The answer, once a busy machine has sent the request before the server lost patience."""

    def ask() -> requests.Response | None:
        try:
            return requests.get(served.url + path, timeout=60, **options)
        except requests.ConnectionError:
            return None

    answer = wait_for(ask, "an answer")
    assert answer is not None
    return answer


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(65_536) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "words", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"POST /api/x"]
)
def test_a_connection_without_a_whole_request_is_closed(served: Dashboard, words: bytes) -> None:
    with connect(served) as slow:
        slow.sendall(words)

        assert is_closed(slow)


def test_one_that_speaks_a_byte_at_a_time_is_closed_too(served: Dashboard) -> None:
    with connect(served) as slow:

        def refuses() -> bool:
            try:
                slow.sendall(b"G")
            except OSError:
                return True
            return False

        wait_for(refuses, "the end of the connection")


def test_one_that_never_sends_the_body_it_announced_is_closed(served: Dashboard) -> None:
    host = urlsplit(served.url).netloc
    with connect(served) as slow:
        slow.sendall(
            f"POST /api/dead-letters/purge HTTP/1.1\r\nHost: {host}\r\n".encode()
            + b"Content-Length: 9\r\n\r\n"
        )

        wait_for(lambda: is_closed(slow), "the end of the connection")


def test_silent_connections_do_not_keep_the_page_away_for_long(served: Dashboard) -> None:
    with ExitStack() as opened:
        silent = [opened.enter_context(connect(served)) for _ in range(3 * MOST)]

        assert all(map(is_closed, silent))

        assert answered(served).status_code == 200


def test_those_beyond_the_limit_are_closed_at_once(
    served: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 600.0)
    with ExitStack() as opened:
        silent = [opened.enter_context(connect(served)) for _ in range(3 * MOST)]

        def closed() -> list[socket.socket]:
            return select.select(silent, [], [], 0)[0]

        wait_for(lambda: len(closed()) == 2 * MOST, "the end of those beyond the limit")
        assert all(map(is_closed, closed()))


def test_a_page_that_listens_stays_connected(served: Dashboard) -> None:
    with answered(served, "/api/events", stream=True) as events:
        until = time.monotonic() + 2 * connections.PATIENCE
        for _ in events.iter_lines():
            if time.monotonic() > until:
                break
        else:
            pytest.fail("the events ended")
