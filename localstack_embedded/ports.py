"""Finds a free loopback port, and the program that uses a port."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from contextlib import closing

import psutil

from .errors import PortInUseError, StartError

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 4566
BACKLOG = 128  # connections that can wait until LocalStack accepts them


def listen(wanted: int | None, command: Callable[[int], str] = lambda port: "") -> socket.socket:
    """A socket that listens on port `wanted`; if None, on 4566 or the next free port.

    With 0, it listens on any free port. The port stays taken until this socket and all copies of it
    are closed. Raises PortInUseError if another program has the wanted port; the error suggests
    the `command` for a free one.
    """
    first = DEFAULT_PORT if wanted is None else wanted
    server = _listen(first)
    if server:
        return server
    # After the last port comes any free one. Ports below 1024 may need privileges.
    server = next(filter(None, map(_listen, (*range(max(first + 1, 1024), 2**16), 0))))
    if wanted:
        with closing(server):
            free = port_of(server)
            raise PortInUseError(wanted, by_whom(wanted), free, command(free))
    return server


def port_of(server: socket.socket) -> int:
    """The port that a socket listens on."""
    return int(server.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether no program listens on the port, on loopback or on all addresses."""
    try:
        server = _listen(port)
    except StartError:
        return False
    if server:
        server.close()
    return server is not None


def _listen(port: int) -> socket.socket | None:
    """A socket on this port; None if a program listens there, on loopback or on all addresses."""
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        # On macOS, a bind alone succeeds even if a program listens on all addresses.
        if probe.connect_ex((LOOPBACK, port)) == 0:
            return None
    server = socket.socket()
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port))
        server.listen(BACKLOG)  # two programs may be bound to a port, but only one can listen
    except OSError as error:
        server.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise StartError(
            f"Can't listen on port {port}: {error.strerror}. Choose another port with --port"
        ) from error
    return server


def by_whom(port: int) -> str:
    """The program that listens on the port, as " by NAME (process ID)"; "" if it can't be known."""
    try:
        process = listening_process(port)
        return f" by {process.name()} (process {process.pid})" if process else ""
    except (psutil.Error, OSError):
        return ""  # macOS lets only root look at other users' connections


def listening_process(port: int) -> psutil.Process | None:
    """The process that listens on the port; raises psutil.Error and OSError."""
    for connection in psutil.net_connections("tcp"):
        address = connection.laddr
        # Another user's process has no ID here, and Process(None) would be this one.
        if connection.status == psutil.CONN_LISTEN and address and address.port == port:
            return psutil.Process(connection.pid) if connection.pid else None
    return None
