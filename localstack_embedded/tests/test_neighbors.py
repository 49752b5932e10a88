"""Someone else's LocalStack at the default port."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack_embedded import emulator, neighbors, ports
from localstack_embedded.tests.fake_localstack import make_environment


@pytest.fixture(autouse=True)
def usual_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A free port in place of 4566."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    monkeypatch.setattr(ports, "DEFAULT_PORT", port)
    return port


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home of an embedded LocalStack that runs at that port."""
    monkeypatch.setattr(neighbors, "_PATIENCE", 60.0)
    home = make_environment(tmp_path / "theirs", "serve()")
    emulator.start(home)
    yield home
    emulator.stop(home)


def test_an_embedded_one_is_named_by_its_home(theirs: Path) -> None:
    assert neighbors.neighbor_at_default_port() == f"LocalStack 4.9.2 of {theirs}"


def test_where_nobody_listens_there_is_none() -> None:
    assert neighbors.neighbor_at_default_port() is None


def test_what_is_no_localstack_is_not_offered(
    usual_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbors, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", usual_port)):
        assert neighbors.neighbor_at_default_port() is None


def test_another_program_is_named_where_that_is_known(theirs: Path, usual_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert f"process {os.getpid()})" in neighbors._whose(port)


def test_one_whose_program_can_not_be_known_is_not_taken_for_this_one(
    theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OfAnotherUser:
        pid = None
        status = "LISTEN"
        laddr = type("Address", (), {"port": ports.DEFAULT_PORT})

    monkeypatch.setattr("psutil.net_connections", lambda _: [OfAnotherUser()])
    assert neighbors.neighbor_at_default_port() == "LocalStack 4.9.2"
    assert ports.by_whom(ports.DEFAULT_PORT) == ""
