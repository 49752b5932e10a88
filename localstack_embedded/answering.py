"""Whether LocalStack answers at a port, and its version."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException

from .ports import LOOPBACK

_PAUSE = 0.05  # seconds
_ANSWER_SECONDS = 5.0  # from an answer's first byte on
_MOST = 100_000  # bytes of an answer
_VERSION = re.compile(r"[\w.+-]{1,40}")


def version_at(port: int, *, timeout: float, on_wait: Callable[[], None]) -> str | None:
    """LocalStack's version, as soon as it answers; None if it doesn't within `timeout` seconds.

    `on_wait` is called repeatedly while waiting; an exception that it raises ends the wait.
    """
    deadline = time.monotonic() + timeout

    def answers(sock: socket.socket) -> bool:
        while time.monotonic() < deadline:
            on_wait()
            sock.settimeout(_PAUSE)
            with suppress(TimeoutError):
                sock.recv(1, socket.MSG_PEEK)
                sock.settimeout(_ANSWER_SECONDS)
                return True
        return False

    while time.monotonic() < deadline:
        # urllib would use the proxy that the environment may name for all hosts.
        connection = HTTPConnection(LOOPBACK, port, timeout=_ANSWER_SECONDS)
        with closing(connection), suppress(OSError, HTTPException, ValueError, KeyError, TypeError):
            connection.request("GET", "/_localstack/health")
            if answers(connection.sock):
                answer = json.loads(connection.getresponse().read(_MOST))
                if version := _VERSION.fullmatch(answer["version"]):
                    return version[0]
        on_wait()
        time.sleep(_PAUSE)
    return None
