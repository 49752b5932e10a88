from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.other_user import answer_to_another_user, as_root
from tests.unit.tweetpipe.commands import forked
from tests.waiting import wait_for
from tweetpipe.commands.main import main


def _dashboard(endpoint: str, options: tuple[str, ...]) -> None:
    os.environ |= {"AWS_ENDPOINT_URL": endpoint, "COLUMNS": "200"}
    main(["dashboard", *options])


@contextmanager
def running(
    endpoint: str, folder: Path, *options: str
) -> Iterator[tuple[str, BaseProcess, Callable[[], str]]]:
    """The address that the command prints, its process, and what it has said so far."""
    with forked.running(folder, _dashboard, endpoint, options) as (process, said):

        def address() -> str:
            found = re.search(r"(http://\S+:\d+)(/\S*)?; ", said())
            return found[1] if found else ""

        wait_for(lambda: address() or not process.is_alive(), "its address")
        yield address(), process, said


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "kill"]
)
def test_a_signal_ends_it_though_a_page_is_open(
    listening: str, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    with running(listening, tmp_path, "--port", "0") as (url, process, said):
        page = requests.get(f"{url}/api/events", stream=True, timeout=30)
        lines = page.iter_lines()
        assert next(lines) == b"event: beat"
        assert process.pid is not None
        os.kill(process.pid, sent)
        process.join(30)

        assert process.exitcode == code
        assert b"event: end" in list(lines)
        assert re.fullmatch(r"The dashboard .*\n", said())


def test_it_answers_on_this_machine_only(listening: str, tmp_path: Path) -> None:
    with running(listening, tmp_path, "--port", "0") as (url, _, _):
        assert url.startswith("http://127.0.0.1:")


@as_root
@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1", 403), ("localhost", 403), ("0.0.0.0", 200)]
)
def test_another_user_of_this_machine_is_served_only_where_all_are(
    listening: str, tmp_path: Path, host: str, status: int
) -> None:
    with running(listening, tmp_path, "--port", "0", "--host", host) as (url, _, _):
        own = urlsplit(url)
        request = f"GET / HTTP/1.1\r\nHost: {own.netloc}\r\nConnection: close\r\n\r\n"
        answer = answer_to_another_user(request, str(own.hostname), own.port or 0)

        assert answer.startswith(f"HTTP/1.1 {status} ")
        assert requests.get(url, timeout=30).status_code == 200


def test_it_warns_where_others_reach_it(listening: str, tmp_path: Path) -> None:
    with running(listening, tmp_path, "--port", "0", "--host", "0.0.0.0") as (_, _, said):
        assert "without a password" in said()


def test_a_taken_port_ends_it_in_one_line(listening: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(listening, tmp_path, "--port", str(port)) as (_, process, said):
            process.join(30)

            assert process.exitcode == 2
            assert re.fullmatch(rf"Error: Port {port} is in use.*\n", said())


def test_without_an_emulator_it_says_how_to_start_one(silent: str, tmp_path: Path) -> None:
    with running(silent, tmp_path, "--port", "0") as (_, process, said):
        process.join(30)

        assert process.exitcode == 1
        assert "\n  tweetpipe up" in said()
