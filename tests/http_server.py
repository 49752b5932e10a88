"""A server on loopback for stubs in tests, which can also break connections."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_JSON = {"Content-Type": "application/x-amz-json-1.1"}
_NO_LINGER = struct.pack("ii", 1, 0)


class Request(BaseHTTPRequestHandler):
    """A request, which `reply` answers; otherwise it gets no answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.handle_it(self)

    do_GET = do_POST

    def reply(self, status: int, body: bytes, headers: Mapping[str, str] = _JSON) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def close(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True

    def reset(self) -> None:
        """Reset the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, handle: Callable[[Request], object]) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.handle_it = handle

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Tests disconnect clients on purpose, so no traceback is printed.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(handle: Callable[[Request], object]) -> Iterator[str]:
    """The URL of a server that passes each request to `handle`, with a thread per connection."""
    with _Server(handle) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
