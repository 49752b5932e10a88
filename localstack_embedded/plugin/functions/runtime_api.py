"""The Lambda Runtime API for one worker process, on its own loopback port.

Its paths begin with a secret that only the worker is told. Otherwise, another user's program or a
page in a browser could reach the port and answer for the function, and its records would be lost.
For programs that take only HOST:PORT, as on AWS, the owner of the connection is checked instead.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, Literal

VERSION_PREFIX = "/2018-06-01/runtime/"

ReportKind = Literal["response", "error", "init_error", "exit"]


@dataclass(frozen=True)
class Invocation:
    """One event for the function, and the data for its context object."""

    request_id: str
    function_arn: str
    deadline_ms: int
    trace_id: str
    event: bytes


@dataclass(frozen=True)
class WorkerReport:
    """The outcome of the worker's start or of an invocation."""

    kind: ReportKind
    content: bytes


class RuntimeApi:
    """Hands invocations to one worker and takes its reports; serves from construction to `close`.

    `ready` is set when the worker first asks for an invocation, or once it no longer can.
    """

    def __init__(self, *, is_from_worker: Callable[[int], bool] = lambda port: False) -> None:
        self.is_from_worker = is_from_worker
        self.ready = Event()
        self.reports: SimpleQueue[WorkerReport] = SimpleQueue()
        self._invocations: SimpleQueue[Invocation | None] = SimpleQueue()
        self._secret = secrets.token_urlsafe()
        self._server = _Server(self)
        self._closed = False
        Thread(target=self._accept, name="lambda-runtime-api", daemon=True).start()

    @property
    def host(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API in AWS's form, without the secret."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API, with the secret."""
        return f"{self.host}/{self._secret}"

    def requested(self, path: str, port: int) -> str | None:
        """The part of `path` after the version; None if the request isn't from the worker."""
        start, found, rest = path.partition(VERSION_PREFIX)
        secret = start.removeprefix("/")
        is_worker = secrets.compare_digest(secret.encode(), self._secret.encode())
        return rest if found and (is_worker or (not start and self.is_from_worker(port))) else None

    def submit(self, invocation: Invocation) -> None:
        """Give the worker its next invocation."""
        self._invocations.put(invocation)

    def take(self) -> Invocation | None:
        """Block until there is an invocation, or None once this API is closed."""
        self.ready.set()
        invocation = self._invocations.get()
        if invocation is None:
            self._invocations.put(None)  # for the next request
        return invocation

    def report(self, report: WorkerReport) -> None:
        """Pass on a report about the worker."""
        self.reports.put(report)
        self.ready.set()

    def close(self) -> None:
        """Stop serving and release a request that waits for an invocation."""
        self._closed = True
        self._invocations.put(None)
        # Closing a socket does not wake the thread that accepts on it; a connection does, unless
        # that thread has just seen that this is closed.
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self._server.server_port)).close()

    def _accept(self) -> None:
        # Not serve_forever, which would poll for every worker.
        with self._server:
            while not self._closed:
                with suppress(OSError):  # the peer was gone before it was accepted
                    self._server.process_request(*self._server.get_request())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log the error, unless a worker that was killed has reset its connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one segment
    server: _Server

    def do_GET(self) -> None:
        if self._requested() != "invocation/next":
            return self._refuse()
        invocation = self.server.api.take()
        if invocation is None:
            self.close_connection = True
            return None
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        return self._answer(200, headers, invocation.event)

    def do_POST(self) -> None:
        kind: ReportKind
        match (self._requested() or "").split("/"):
            case ["init", "error"]:
                kind = "init_error"
            case ["invocation", _, ("response" | "error") as kind]:
                pass
            case _:
                return self._refuse()
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # Answer last: a worker exits once its initialization error is accepted, and the error must
        # be reported before the exit.
        self.server.api.report(WorkerReport(kind, content))
        return self._answer(202, content=b'{"status":"OK"}')

    def _requested(self) -> str | None:
        return self.server.api.requested(self.path, self.client_address[1])

    def _refuse(self) -> None:
        self.close_connection = True  # the request's body has not been read
        self._answer(404)

    def _answer(
        self, status: int, headers: Mapping[str, str] | None = None, content: bytes = b"{}"
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the worker's own output is the log."""
