"""A Kinesis of two operations in a process of its own, lean enough not to be what limits.

    python -m benchmarks.stub_kinesis --service-time 0.005 --failures 0.01 --shards 8

It answers PutRecord and PutRecords after the service time, refuses a share of entries, and with
shards what is beyond their limits. What it accepted is kept as it came, and only looked into when
somebody asks for the books, so that keeping them costs nothing while the time is taken.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import random
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from processor.aggregation import deaggregate

ROOT = Path(__file__).parent.parent

SHARD_RECORDS = 1000
SHARD_BYTES = 1024 * 1024
"""What a shard takes a second; Kinesis developer guide, quotas."""
PUT_UNIT = 25_000
"""Bytes that are billed as one; AWS writes 25 KB, and counts 40 of them in 1 MB."""
_HASH_KEYS = 1 << 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What was accepted: `fewest` is how often the tweet came that came least often."""

    calls: int
    records: int
    payload_units: int
    bytes: int
    tweets: int
    distinct: int
    fewest: int


@dataclass(frozen=True, slots=True)
class StubKinesis:
    """A running stub, to its user."""

    url: str

    def books(self) -> Books:
        """What was accepted since the start, or since `forget`."""
        with urllib.request.urlopen(f"{self.url}/books") as answer:
            return Books(**json.load(answer))

    def forget(self) -> None:
        """Begin the books anew."""
        urllib.request.urlopen(f"{self.url}/forget").close()


@contextmanager
def stub_kinesis(
    *, service_time: float = 0.0, failures: float = 0.0, shards: int = 0
) -> Iterator[StubKinesis]:
    """Run a stub; with no `shards` there are no limits."""
    options = [f"--service-time={service_time}", f"--failures={failures}", f"--shards={shards}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stub_kinesis", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield StubKinesis(url=process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


class _Shard:
    """What a shard has left: it saves up for a second, and begins with nothing."""

    def __init__(self, now: float) -> None:
        self._at = now
        self._records = 0.0
        self._bytes = 0.0

    def takes(self, size: int, now: float) -> bool:
        passed, self._at = now - self._at, now
        self._records = min(SHARD_RECORDS, self._records + passed * SHARD_RECORDS)
        self._bytes = min(SHARD_BYTES, self._bytes + passed * SHARD_BYTES)
        if self._records < 1 or self._bytes < size:
            return False
        self._records -= 1
        self._bytes -= size
        return True


class _Stream:
    def __init__(self, *, failures: float, shards: int) -> None:
        self._failures = failures
        self._shard_count = shards
        self._random = random.Random(7)
        self.forget()

    def forget(self) -> None:
        self._accepted: list[tuple[bytes, frozenset[int]]] = []
        self._shards: list[_Shard] = []

    def put(self, body: bytes, *, single: bool, now: float) -> tuple[int, bytes]:
        count = 1 if single else body.count(b'"PartitionKey"')
        refused = frozenset(self._refused(body, count, single=single, now=now))
        self._accepted.append((body, refused))
        if single:
            return (400, _THROTTLED_CALL) if refused else (200, _ACCEPTED)
        return 200, _answer(count, refused) if refused else _all_accepted(count)

    def _refused(self, body: bytes, count: int, *, single: bool, now: float) -> Iterator[int]:
        if self._failures:
            yield from (n for n in range(count) if self._random.random() < self._failures)
        if not self._shard_count:
            return
        if not self._shards:
            self._shards = [_Shard(now) for _ in range(self._shard_count)]
        for number, entry in enumerate(_entries(body)):
            key = entry["PartitionKey"].encode()
            hashed = int(entry.get("ExplicitHashKey") or hashlib.md5(key).hexdigest(), _base(entry))
            shard = self._shards[hashed * self._shard_count // _HASH_KEYS]
            if not shard.takes(len(entry["Data"]) * 3 // 4 + len(key), now):
                yield number

    def books(self) -> Books:
        records = units = size = 0
        tweets: Counter[bytes] = Counter()
        for body, refused in self._accepted:
            for number, entry in enumerate(_entries(body)):
                if number not in refused:
                    data = base64.b64decode(entry["Data"])
                    records += 1
                    counted = len(data) + len(entry["PartitionKey"].encode())
                    size += counted
                    units += -(-counted // PUT_UNIT)
                    tweets.update(hashlib.md5(tweet).digest() for tweet in _tweets(data))
        return Books(
            calls=len(self._accepted),
            records=records,
            payload_units=units,
            bytes=size,
            tweets=tweets.total(),
            distinct=len(tweets),
            fewest=min(tweets.values(), default=0),
        )


def _entries(body: bytes) -> list[dict[str, str]]:
    request = json.loads(body)
    return request.get("Records") or [request]


def _base(entry: dict[str, str]) -> int:
    return 10 if entry.get("ExplicitHashKey") else 16


def _tweets(data: bytes) -> list[bytes]:
    """The data of the records in an aggregate, or the data itself."""
    inner = deaggregate(data)
    return [data] if inner is None else [record.data for record in inner]


_ACCEPTED = json.dumps(
    {"SequenceNumber": "4966" + "0" * 52, "ShardId": "shardId-000000000000"}
).encode()
_THROTTLED = json.dumps(
    {
        "ErrorCode": "ProvisionedThroughputExceededException",
        "ErrorMessage": "Rate exceeded for shard shardId-000000000000 in stream tweets.",
    }
).encode()
_THROTTLED_CALL = json.dumps(
    {"__type": "ProvisionedThroughputExceededException", "message": "Rate exceeded."}
).encode()


@lru_cache(maxsize=1000)
def _all_accepted(count: int) -> bytes:
    return _answer(count, frozenset())


def _answer(count: int, refused: frozenset[int]) -> bytes:
    records = b",".join([_THROTTLED if n in refused else _ACCEPTED for n in range(count)])
    return b'{"FailedRecordCount":%d,"Records":[%b]}' % (len(refused), records)


class _Connection(asyncio.Protocol):
    """One client's connection; it sends a request after the answer to the one before."""

    def __init__(self, stream: _Stream, service_time: float) -> None:
        self._stream = stream
        self._service_time = service_time
        self._loop = asyncio.get_running_loop()
        self._begin()

    def _begin(self) -> None:
        self._pieces: list[bytes] = []
        self._received = 0
        self._head = b""
        self._length = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._received += len(data)
        if not self._head:
            joined = b"".join(self._pieces)
            head, found, rest = joined.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = head
            self._pieces, self._received = [rest], len(rest)
            lower = head.lower()
            where = lower.find(b"content-length:")
            self._length = int(lower[where + 15 :].split(b"\r\n", 1)[0]) if where >= 0 else 0
        if self._received >= self._length:
            head, body = self._head, b"".join(self._pieces)
            self._begin()
            self._handle(head, body)

    def _handle(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /books"):
            self._reply(200, json.dumps(asdict(self._stream.books())).encode())
        elif head.startswith(b"GET /forget"):
            self._stream.forget()
            self._reply(200, b"{}")
        else:
            single = b"Kinesis_20131202.PutRecords" not in head
            status, answer = self._stream.put(body, single=single, now=self._loop.time())
            if self._service_time:
                self._loop.call_later(self._service_time, self._reply, status, answer)
            else:
                self._reply(status, answer)

    def _reply(self, status: int, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 %d X\r\nContent-Type: application/x-amz-json-1.1\r\n"
            b"x-amzn-RequestId: 6a8d5bcf-57f3-4d0e-8f04-6d3b8b0f6e3a\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (status, len(body), body)
        )


async def _serve(*, service_time: float, failures: float, shards: int) -> None:
    stream = _Stream(failures=failures, shards=shards)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(stream, service_time), "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--service-time", type=float, default=0.0, help="Seconds.")
    parser.add_argument("--failures", type=float, default=0.0, help="Share of entries refused.")
    parser.add_argument("--shards", type=int, default=0, help="With these, their limits hold.")
    options = parser.parse_args()
    asyncio.run(
        _serve(service_time=options.service_time, failures=options.failures, shards=options.shards)
    )


if __name__ == "__main__":
    _main()
