"""An HTTP proxy in front of DynamoDB that lets some calls of one operation fail."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_JSON = "application/x-amz-json-1.0"
_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}
_NO_LINGER = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """What may happen to a BatchWriteItem call instead of success."""

    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    RESET = "connection reset"
    PARTIAL = "unprocessed items"


class FaultProxy:
    """`endpoint` is the value for AWS_ENDPOINT_URL_DYNAMODB; `counts` the faults injected so far.

    Of every eight BatchWriteItem calls four fail, once in each way; `seed` shuffles them.
    """

    def __init__(self, upstream: str, *, seed: int) -> None:
        self.counts: Counter[Fault] = Counter()
        self._upstream = upstream
        self._fates = _fates(random.Random(seed))
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def serving(self) -> Iterator[FaultProxy]:
        """The proxy, answering until the block is left."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def next_fault(self) -> Fault | None:
        """What happens to the next call; None lets it pass."""
        with self._lock:
            fault = next(self._fates)
            if fault is not None:
                self.counts[fault] += 1
            return fault

    def forward(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str]:
        """The status, body and content type with which DynamoDB answers."""
        address = urlsplit(self._upstream)
        connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
        try:
            connection.request("POST", "/", body=body, headers=headers)
            response = connection.getresponse()
            return response.status, response.read(), response.headers.get("Content-Type", _JSON)
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
                writes = self.headers.get("X-Amz-Target", "").endswith(".BatchWriteItem")
                match proxy.next_fault() if writes else None:
                    case Fault.THROTTLED:
                        self._answer(400, _error("ProvisionedThroughputExceededException"))
                    case Fault.SERVER_ERROR:
                        self._answer(500, _error("InternalServerError"))
                    case Fault.RESET:
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                    case Fault.PARTIAL:
                        self._answer(*_in_part(proxy, body, headers))
                    case None:
                        self._answer(*proxy.forward(body, headers))

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def _answer(self, status: int, body: bytes, content_type: str = _JSON) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


def _fates(chance: random.Random) -> Iterator[Fault | None]:
    # Rounds rather than dice: even a few calls meet each fault.
    while True:
        fates: list[Fault | None] = [*Fault, *[None] * len(Fault)]
        chance.shuffle(fates)
        yield from fates


def _error(code: str) -> bytes:
    return json.dumps(
        {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected"}
    ).encode()


def _in_part(proxy: FaultProxy, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str]:
    """Half of the items of one table are written, the others come back as unprocessed."""
    request = json.loads(body)
    [(table, writes)] = request["RequestItems"].items()
    half = len(writes) // 2
    left = {"UnprocessedItems": {table: writes[half:]}}
    if not half:
        return 200, json.dumps(left).encode(), _JSON
    request["RequestItems"] = {table: writes[:half]}
    status, answer, content_type = proxy.forward(json.dumps(request).encode(), headers)
    if status != 200:
        return status, answer, content_type
    return status, json.dumps(json.loads(answer) | left).encode(), content_type
