"""Stand-ins for Kinesis: an object in this process, and a server that speaks its protocol."""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from processor.aggregation import deaggregate
from producer import OutgoingRecord, Report, Settings, produce

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

THROTTLED = "ProvisionedThroughputExceededException"

Answer = Callable[[list[bytes]], Sequence[str | None]]
"""An error code or None for each record of a call; may raise instead."""


def accept(data: list[bytes]) -> Sequence[str | None]:
    return [None] * len(data)


def refuse(data: list[bytes]) -> Sequence[str | None]:
    return [THROTTLED] * len(data)


def records(count: int, *, start: int = 0) -> list[OutgoingRecord]:
    return [OutgoingRecord(b'{"n":%d}' % n, f"author{n % 7}") for n in range(start, start + count)]


def data_of(outgoing: Sequence[OutgoingRecord]) -> list[bytes]:
    return [record.data for record in outgoing]


def contained(data: Iterable[bytes]) -> list[bytes]:
    """The data of the records that were sent, of those in aggregates as well."""
    found: list[bytes] = []
    for item in data:
        inner = deaggregate(item)
        found += [item] if inner is None else [record.data for record in inner]
    return found


def call_failure(code: str, status: int = 400, message: str = "no") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": cast(Any, {"HTTPStatusCode": status}),
        },
        "PutRecords",
    )


def position_of(tweets: Path) -> Path:
    """The file beside it that keeps how far it was sent."""
    return tweets.with_name(f"{tweets.name}.position")


class FakeKinesis:
    """A client that stores what its answer accepts; `calls` has the data of all entries sent."""

    def __init__(self, answer: Answer = accept) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.calls: list[list[bytes]] = []
        self.stored: Counter[bytes] = Counter()

    @property
    def client(self) -> KinesisClient:
        return cast("KinesisClient", self)

    def store(self, data: Sequence[bytes]) -> None:
        with self._lock:
            self.stored.update(contained(data))

    def put_records(self, *, StreamName: str, Records: Sequence[dict[str, Any]]) -> dict[str, Any]:
        data = [entry["Data"] for entry in Records]
        with self._lock:
            self.calls.append(data)
        codes = self._answer(data)
        self.store([item for item, code in zip(data, codes, strict=True) if code is None])
        return {"Records": [result_of(code) for code in codes]}


def run(
    source: Iterable[OutgoingRecord], kinesis: FakeKinesis, undelivered: Path | None, **options: Any
) -> Report:
    """Produce with every wait of a refused record cut to nothing; settings among `options`."""
    for_produce = {
        name: options.pop(name) for name in ("stop", "on_progress", "clock") if name in options
    }
    return produce(
        source,
        client=kinesis.client,
        stream="tweets",
        undelivered=undelivered,
        settings=Settings(**options),
        random=lambda: 0.0,
        **for_produce,
    )


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def result_of(code: str | None) -> dict[str, str]:
    if code is None:
        return {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
    return {"ErrorCode": code, "ErrorMessage": "refused"}


class KinesisServer:
    """A Kinesis of one operation on loopback; `script` holds what to do with each next call.

    A step takes the handler and the data of the records, and answers or does harm. With no
    step left, everything is stored.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.script: list[Callable[[_Handler, list[bytes]], None]] = []
        self.calls: list[list[bytes]] = []
        self.stored: Counter[bytes] = Counter()
        self.released = threading.Event()
        self.lock = threading.Lock()

    @contextmanager
    def client(self, config: Config) -> Iterator[KinesisClient]:
        client = boto3.client(
            "kinesis",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )
        try:
            yield client
        finally:
            client.close()


@contextmanager
def kinesis_server() -> Iterator[KinesisServer]:
    http = _Server(("127.0.0.1", 0), _Handler)
    http.kinesis = KinesisServer(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield http.kinesis
    finally:
        http.kinesis.released.set()
        http.shutdown()
        http.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    kinesis: KinesisServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is part of the tests, not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        kinesis = self.server.kinesis
        assert self.headers["X-Amz-Target"] == "Kinesis_20131202.PutRecords"
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = [base64.b64decode(entry["Data"]) for entry in request["Records"]]
        with kinesis.lock:
            kinesis.calls.append(data)
            step = kinesis.script.pop(0) if kinesis.script else answer_with(accept)
        step(self, data)

    def store(self, data: Sequence[bytes]) -> None:
        with self.server.kinesis.lock:
            self.server.kinesis.stored.update(contained(data))

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def answer_with(
    answer: Answer, *, failed_record_count: int | None = None
) -> Callable[[_Handler, list[bytes]], None]:
    def step(handler: _Handler, data: list[bytes]) -> None:
        codes = answer(data)
        handler.store([item for item, code in zip(data, codes, strict=True) if code is None])
        count = sum(1 for code in codes if code)
        body = {
            "FailedRecordCount": count if failed_record_count is None else failed_record_count,
            "Records": [result_of(code) for code in codes],
        }
        handler.reply(200, json.dumps(body).encode())

    return step


def fail_with(status: int, code: str) -> Callable[[_Handler, list[bytes]], None]:
    def step(handler: _Handler, data: list[bytes]) -> None:
        handler.reply(status, json.dumps({"__type": code, "message": "scripted"}).encode())

    return step


def reset_connection(handler: _Handler, data: list[bytes]) -> None:
    linger_none = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_none)
    handler.close_connection = True
    handler.connection.close()


def store_and_stay_silent(handler: _Handler, data: list[bytes]) -> None:
    handler.store(data)
    handler.server.kinesis.released.wait()
    handler.close_connection = True
