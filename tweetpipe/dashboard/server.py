"""Serves the dashboard on a socket; a signal stops it at once, even with open pages."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from localstack_embedded import by_whom, is_free
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.dashboard.connections import BoundedConnection

DEFAULT_PORT = 8080

_TRIED = 20  # ports after the usual one
_GRACE = 1  # seconds that answers under way may still take
_BACKLOG = 128


class DashboardServer(uvicorn.Server):
    """uvicorn, with a way to end the pages' endless responses: `on_end`."""

    def __init__(self, app: ASGIApp, on_end: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedConnection,
                ws="none",
                loop="asyncio",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self.signal: int | None = None
        self._on_end = on_end

    def stop(self) -> None:
        """Make `run` return soon; thread-safe."""
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal; the caller of `run` decides what to do."""
        self.force_exit = self.signal is not None
        self.signal = sig
        self.stop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_end()
        await super().shutdown(sockets)


def listening_socket(host: str, port: int | None) -> socket.socket:
    """A listening socket; without `port`, on the default port or the next free one.

    Raises WrongUsage if the port or host is not available.
    """
    if port is not None:
        return _listen(host, port)
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + _TRIED):
        with suppress(_Taken):
            return _listen(host, candidate)
    raise WrongUsage(
        f"Ports {DEFAULT_PORT} to {DEFAULT_PORT + _TRIED - 1} are all in use. Choose another one "
        "with --port, or let the system choose one with --port 0."
    )


def url_of(listening: socket.socket) -> str:
    """The address of the socket for a browser on this machine."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class _Taken(WrongUsage):
    """Another program uses the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} is in use{by_whom(port)}. Choose another one with --port, or leave out "
            "--port."
        )


def _listen(host: str, port: int) -> socket.socket:
    if port and not is_free(port):
        raise _Taken(port)
    try:
        if not host:
            # An empty host would mean every address of this machine.
            raise OSError("it is empty")
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise WrongUsage(_refused(host, port, error)) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:  # since a moment ago
            raise _Taken(port) from error
        raise WrongUsage(_refused(host, port, error)) from error
    return listening


def _refused(host: str, port: int, error: OSError | UnicodeError) -> str:
    why = getattr(error, "strerror", None) or error
    return (
        f"Can't listen on {host!r}, port {port}: {why}. Choose another --port, or a --host that is "
        "an address of this machine, such as 127.0.0.1."
    )
