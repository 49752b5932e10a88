"""A real HTTP server that speaks as much of DynamoDB and SQS as the processor uses."""

from __future__ import annotations

import json
import threading
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.unit.processor.fakes import FakeDynamoDB, FakeSQS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class AwsServer(ThreadingHTTPServer):
    """Answers from the fakes; each entry of `faults` spoils one request.

    A number is answered as that status, "close" ends the connection without an answer, "garbage"
    answers with something that is no JSON, "hang" answers once `released` is set.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.dynamodb = FakeDynamoDB()
        self.sqs = FakeSQS()
        self.faults: deque[int | str] = deque()
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: AwsServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match self.server.faults.popleft() if self.server.faults else None:
            case int(status):
                self._answer(status, b"{}")
            case "close":
                self.close_connection = True
            case "garbage":
                self._answer(200, b"<html>")
            case "hang":
                self.server.released.wait(30)
                self.close_connection = True
            case _:
                self._act(body)

    def _act(self, body: dict[str, Any]) -> None:
        fakes: dict[str, Callable[..., Any]] = {
            "DynamoDB_20120810.BatchWriteItem": self.server.dynamodb.batch_write_item,
            "AmazonSQS.SendMessageBatch": self.server.sqs.send_message_batch,
        }
        try:
            answer = fakes[self.headers["X-Amz-Target"]](**body)
        except ClientError as error:
            details = error.response["Error"]
            fault = {"__type": details["Code"], "message": details["Message"]}
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self._answer(status, json.dumps(fault).encode())
        else:
            self._answer(200, json.dumps(answer).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def serving() -> Iterator[AwsServer]:
    """Run a server for the length of a with block."""
    server = AwsServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
