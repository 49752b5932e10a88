"""Ports for programs that need to know theirs before they listen."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

# Linux and macOS assign ports only above these: between the choice and its use, no connection and
# no other server of the tests gets it. Not by `random`, which has the same seed in all workers.
_FIRST, _COUNT = 20_000, 10_000


def free_port() -> int:
    """A port on which no program listens, and which the system assigns to none."""
    while True:
        port = _FIRST + secrets.randbelow(_COUNT)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
