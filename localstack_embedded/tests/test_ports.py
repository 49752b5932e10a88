"""Which port is chosen, and the error if it can't be used."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from localstack_embedded import ports
from localstack_embedded.errors import PortInUseError, StartError
from localstack_embedded.ports import DEFAULT_PORT, by_whom, is_free, listen, port_of


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def taken_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server((request.param, 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_somebody_listens_on_is_not_free(taken_port: int) -> None:
    assert not is_free(taken_port)


def test_a_port_is_free_again_right_after_its_last_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        connection, _ = server.accept()
        connection.close()  # the side that closes first leaves its address in TIME_WAIT
        client.close()
    assert is_free(port)


def test_a_wanted_port_that_is_taken_names_its_owner_and_a_free_one(taken_port: int) -> None:
    with pytest.raises(PortInUseError) as caught:
        listen(taken_port)
    assert f"Port {taken_port} is in use by" in str(caught.value)
    assert f"(process {os.getpid()})" in str(caught.value)
    assert f"use another port: {caught.value.free_port} is free" in str(caught.value)
    assert is_free(caught.value.free_port)


def test_if_the_last_port_is_in_use_another_free_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last = 2**16 - 1

    def fake(port: int) -> socket.socket | None:
        return None if port == last else socket.create_server(("127.0.0.1", port))

    monkeypatch.setattr(ports, "_listen", fake)
    with pytest.raises(PortInUseError) as caught:
        listen(last)
    assert 0 < caught.value.free_port < last


def test_no_port_that_needs_privileges_is_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(port: int) -> socket.socket | None:
        assert port == 80 or port >= 1024
        return None if port == 80 else socket.create_server(("127.0.0.1", 0))

    monkeypatch.setattr(ports, "_listen", fake)
    with pytest.raises(PortInUseError, match="Port 80 is in use"):
        listen(80)


def test_a_wanted_port_that_is_free_is_taken_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with listen(port) as listener:
        assert port_of(listener) == port
        assert not is_free(port)
    assert is_free(port)


def test_without_a_wish_the_usual_port_or_a_later_one_is_taken() -> None:
    with listen(None) as first, listen(None) as second:
        assert DEFAULT_PORT <= port_of(first) < port_of(second)


def test_with_port_0_any_free_one_is_taken() -> None:
    with listen(0) as first, listen(0) as second:
        assert port_of(first) != port_of(second)
        assert DEFAULT_PORT not in (port_of(first), port_of(second))


def test_a_port_that_the_system_refuses_is_not_said_to_be_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Refused(socket.socket):
        def bind(self, address: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "socket", Refused)
    with pytest.raises(
        StartError, match=r"Can't listen on port 1: Permission denied\. Choose another"
    ):
        listen(1)


def test_nobody_owns_a_free_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert by_whom(port) == ""
