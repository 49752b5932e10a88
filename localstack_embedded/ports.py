"""Which loopback port to take, and whose one is."""

from __future__ import annotations

import socket
from contextlib import closing

import psutil

from .errors import PortInUseError

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 4566


def choose_port(wanted: int | None) -> int:
    """The port `wanted`, or the first free one from LocalStack's usual one on.

    Raises PortInUseError when another program has the wanted one.
    """
    first = wanted or DEFAULT_PORT
    if is_free(first):
        return first
    free = next(port for port in range(first + 1, 2**16) if is_free(port))
    if wanted:
        raise PortInUseError(wanted, by_whom(wanted), free)
    return free


def is_free(port: int) -> bool:
    """Whether nobody listens on the port, on loopback or on all addresses."""
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        # A bind alone succeeds on macOS beside a program that listens on all addresses.
        if probe.connect_ex((LOOPBACK, port)) == 0:
            return False
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def by_whom(port: int) -> str:
    """The program that listens on the port, as " by NAME (process ID)"; "" if it can't be known."""
    try:
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        pass  # macOS lets only root look at other users' connections
    return ""
