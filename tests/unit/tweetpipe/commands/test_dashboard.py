from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.other_user import answer_to_another_user, as_root
from tests.waiting import wait_for


@contextmanager
def running(
    endpoint: str, folder: Path, *options: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The command, and the address that it prints."""
    with (
        (folder / "stderr").open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "tweetpipe", "dashboard", *options],
            cwd=folder,
            env={"AWS_ENDPOINT_URL": endpoint, "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+:\d+", process.stdout.readline())
            yield found[0] if found else "", process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "kill"]
)
def test_a_signal_ends_it_though_a_page_is_open(
    listening: str, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    with running(listening, tmp_path, "--port", "0") as (url, process):
        page = requests.get(f"{url}/api/events", stream=True, timeout=30)
        lines = page.iter_lines()
        assert next(lines) == b"event: beat"
        process.send_signal(sent)

        assert process.wait(timeout=30) == code
        assert b"event: end" in list(lines)
    assert (tmp_path / "stderr").read_text() == ""


def test_it_answers_on_this_machine_only(listening: str, tmp_path: Path) -> None:
    with running(listening, tmp_path, "--port", "0") as (url, _):
        assert url.startswith("http://127.0.0.1:")


@as_root
@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1", 403), ("localhost", 403), ("0.0.0.0", 200)]
)
def test_another_user_of_this_machine_is_served_only_where_all_are(
    listening: str, tmp_path: Path, host: str, status: int
) -> None:
    with running(listening, tmp_path, "--port", "0", "--host", host) as (url, _):
        own = urlsplit(url)
        request = f"GET / HTTP/1.1\r\nHost: {own.netloc}\r\nConnection: close\r\n\r\n"
        answer = answer_to_another_user(request, str(own.hostname), own.port or 0)

        assert answer.startswith(f"HTTP/1.1 {status} ")
        assert requests.get(url, timeout=30).status_code == 200


def test_it_warns_where_others_reach_it(listening: str, tmp_path: Path) -> None:
    with running(listening, tmp_path, "--port", "0", "--host", "0.0.0.0"):
        warning = wait_for((tmp_path / "stderr").read_text, "a warning")

    assert "without a password" in warning


def test_a_taken_port_ends_it_in_one_line(listening: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(listening, tmp_path, "--port", str(port)) as (_, process):
            assert process.wait(timeout=30) == 2

    assert re.fullmatch(rf"Error: Port {port} is taken.*\n", (tmp_path / "stderr").read_text())


def test_without_an_emulator_it_says_how_to_start_one(silent: str, tmp_path: Path) -> None:
    with running(silent, tmp_path, "--port", "0") as (_, process):
        assert process.wait(timeout=30) == 1

    assert "run tweetpipe up" in (tmp_path / "stderr").read_text()
