"""Stubs of Kinesis: an object in this process, and an HTTP server."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from processor.aggregation import deaggregate
from producer import OutgoingRecord, Report, Settings, kinesis_client_config, produce
from tests.http_server import Request, serving

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

THROTTLED = "ProvisionedThroughputExceededException"


def client_of_the_producer() -> KinesisClient:
    """A client of botocore's, configured like the producer's."""
    return boto3.client(
        "kinesis",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=kinesis_client_config(Settings()),
    )


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
    """The data of the records that were sent, including those in aggregates."""
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
    """The file next to it that saves the position."""
    return tweets.with_name(f"{tweets.name}.position")


class FakeKinesis:
    """A client that stores what its answer accepts; `calls` has the data of all entries sent."""

    def __init__(self, answer: Answer = accept, *, shards: int = 1) -> None:
        self._answer = answer
        self._shards = shards
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
        shards = [shard_of(entry["PartitionKey"], self._shards) for entry in Records]
        return {"Records": [result_of(*pair) for pair in zip(codes, shards, strict=True)]}


def run(
    source: Iterable[OutgoingRecord], kinesis: FakeKinesis, undelivered: Path | None, **options: Any
) -> Report:
    """Produce without waiting for refused records; `options` may include settings.

    A busy machine has more time than a user would wait: to read what one call can hold, and to
    deliver what was read.
    """
    options = {"linger": 60.0, "drain_deadline": 60.0, "file_deadline": 60.0, **options}
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


def result_of(code: str | None, shard: str = "shardId-000000000000") -> dict[str, str]:
    if code is None:
        return {"SequenceNumber": "1", "ShardId": shard}
    reason = f"Rate exceeded for shard {shard}" if code == THROTTLED else "refused"
    return {"ErrorCode": code, "ErrorMessage": f"{reason} in stream tweets"}


def shard_of(key: str, shards: int) -> str:
    """The shard of a partition key, among shards with equal ranges of hash keys."""
    number = int(hashlib.md5(key.encode()).hexdigest(), 16) * shards >> 128
    return f"shardId-{number:012}"


Step = Callable[["KinesisServer", Request, list[bytes]], object]
"""What to do with a call that puts this data: answer it, or fail."""


class KinesisServer:
    """A Kinesis with one operation on loopback; `script` has a step for each call.

    Without a step, everything is stored.
    """

    url: str

    def __init__(self) -> None:
        self.script: list[Step] = []
        self.calls: list[list[bytes]] = []
        self.stored: Counter[bytes] = Counter()
        self.released = threading.Event()
        self._lock = threading.Lock()

    def handle(self, request: Request) -> None:
        assert request.headers["X-Amz-Target"] == "Kinesis_20131202.PutRecords"
        entries = json.loads(request.body)["Records"]
        data = [base64.b64decode(entry["Data"]) for entry in entries]
        with self._lock:
            self.calls.append(data)
            step = self.script.pop(0) if self.script else answer_with(accept)
        step(self, request, data)

    def store(self, data: Sequence[bytes]) -> None:
        with self._lock:
            self.stored.update(contained(data))

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
    kinesis = KinesisServer()
    with serving(kinesis.handle) as kinesis.url:
        try:
            yield kinesis
        finally:
            kinesis.released.set()


def answer_with(answer: Answer, *, failed_record_count: int | None = None) -> Step:
    def step(kinesis: KinesisServer, request: Request, data: list[bytes]) -> None:
        codes = answer(data)
        kinesis.store([item for item, code in zip(data, codes, strict=True) if code is None])
        count = sum(1 for code in codes if code)
        body = {
            "FailedRecordCount": count if failed_record_count is None else failed_record_count,
            "Records": [result_of(code) for code in codes],
        }
        request.reply(200, json.dumps(body).encode())

    return step


def reply_with(status: int, body: bytes) -> Step:
    return lambda _kinesis, request, _data: request.reply(status, body)


def fail_with(status: int, code: str) -> Step:
    return reply_with(status, json.dumps({"__type": code, "message": "scripted"}).encode())


def reset_connection(kinesis: KinesisServer, request: Request, data: list[bytes]) -> None:
    request.reset()


def store_and_stay_silent(kinesis: KinesisServer, request: Request, data: list[bytes]) -> None:
    kinesis.store(data)
    kinesis.released.wait()
    request.close()
