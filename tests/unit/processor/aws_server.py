"""A real HTTP server with the operations of DynamoDB and SQS that the processor uses."""

from __future__ import annotations

import json
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests import http_server
from tests.unit.processor.fakes import FakeDynamoDB, FakeSQS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class AwsServer:
    """Answers from the fakes; each entry of `faults` makes one request fail.

    A number is the status of the answer. "close" ends the connection without an answer, "garbage"
    answers with invalid JSON, and "hang" answers once `released` is set.
    """

    url: str

    def __init__(self) -> None:
        self.dynamodb = FakeDynamoDB()
        self.sqs = FakeSQS()
        self.faults: deque[int | str] = deque()
        self.released = threading.Event()

    def handle(self, request: http_server.Request) -> None:
        """Answer a request."""
        match self.faults.popleft() if self.faults else None:
            case int(status):
                request.reply(status, b"{}")
            case "close":
                request.close()
            case "garbage":
                request.reply(200, b"<html>")
            case "hang":
                self.released.wait(60)
                request.close()
            case _:
                self._act(request)

    def _act(self, request: http_server.Request) -> None:
        fakes: dict[str, Callable[..., Any]] = {
            "DynamoDB_20120810.BatchWriteItem": self.dynamodb.batch_write_item,
            "AmazonSQS.SendMessageBatch": self.sqs.send_message_batch,
        }
        try:
            answer = fakes[request.headers["X-Amz-Target"]](**json.loads(request.body))
        except ClientError as error:
            details = error.response["Error"]
            fault = {"__type": details["Code"], "message": details["Message"]}
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            request.reply(status, json.dumps(fault).encode())
        else:
            request.reply(200, json.dumps(answer).encode())


@contextmanager
def serving() -> Iterator[AwsServer]:
    """Run a server until the block ends."""
    server = AwsServer()
    with http_server.serving(server.handle) as server.url:
        try:
            yield server
        finally:
            server.released.set()
