"""A stub of DynamoDB and SQS that only counts what it receives, in a separate process.

It answers BatchWriteItem, PutItem, and SendMessageBatch after a service time, with AWS's headers,
over plain HTTP. It parses bodies only after the measurement, so it is never the bottleneck.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zlib import crc32

_TARGET = b"x-amz-target:"
_LENGTH = b"content-length:"


class Stub:
    """What was received, and how long answering takes (seconds)."""

    def __init__(self, service_time: float) -> None:
        self.service_time = service_time
        self._bodies: list[tuple[bytes, bytes]] = []

    def answer(self, target: bytes, body: bytes) -> bytes:
        """Take a request, and answer as AWS would."""
        if not target:
            return _http(json.dumps({"keys": len(self._keys())}).encode())
        self._bodies.append((target, body))
        if target.endswith(b".BatchWriteItem"):
            return _WRITTEN
        if target.endswith(b".SendMessageBatch"):
            entries = json.loads(body)["Entries"]
            return _http(json.dumps({"Successful": [{"Id": e["Id"]} for e in entries]}).encode())
        return _PUT

    def _keys(self) -> set[tuple[str, str]]:
        items: list[Any] = []
        for target, body in self._bodies:
            request = json.loads(body)
            if target.endswith(b".PutItem"):
                items.append(request["Item"])
            elif target.endswith(b".BatchWriteItem"):
                for writes in request["RequestItems"].values():
                    items.extend(write["PutRequest"]["Item"] for write in writes)
        return {(item["Username"]["S"], item["Id"]["S"]) for item in items}


def _http(body: bytes) -> bytes:
    headers = (
        "HTTP/1.1 200 OK\r\n"
        "Server: Server\r\n"
        "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: keep-alive\r\n"
        "x-amzn-RequestId: UHFIPLV1S8PG95PFSA4BVSUBNVVV4KQNSO5AEMVJF66Q9ASUAAJG\r\n"
        f"x-amz-crc32: {crc32(body)}\r\n\r\n"
    )
    return headers.encode() + body


_WRITTEN = _http(b'{"UnprocessedItems":{}}')
_PUT = _http(b"{}")


class _Connection(asyncio.Protocol):
    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._buffer = bytearray()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[: end + 2])
            start = end + 4
            length = int(_header(head, _LENGTH) or 0)
            if len(self._buffer) < start + length:
                return
            body = bytes(self._buffer[start : start + length])
            del self._buffer[: start + length]
            self._answer(self._stub.answer(_header(head, _TARGET), body))

    def _answer(self, answer: bytes) -> None:
        assert self._transport is not None
        if self._stub.service_time:
            loop = asyncio.get_running_loop()
            loop.call_later(self._stub.service_time, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _header(head: bytes, name: bytes) -> bytes:
    start = head.lower().find(name)
    return head[start + len(name) : head.index(b"\r", start)].strip() if start >= 0 else b""


@dataclass(frozen=True, slots=True)
class Served:
    """A running stub: its address, and what it received."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def keys(self) -> int:
        """Return how many different items were written."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/")
        keys: int = json.loads(connection.getresponse().read())["keys"]
        connection.close()
        return keys


@contextmanager
def serving(service_time: float) -> Iterator[Served]:
    """Run a stub in a separate process until the block ends."""
    command = [sys.executable, "-m", "benchmarks.stub_dynamodb", str(service_time)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Served(int(process.stdout.readline()))
        finally:
            process.terminate()


async def _serve(service_time: float) -> None:
    loop = asyncio.get_running_loop()
    stub = Stub(service_time)
    server = await loop.create_server(lambda: _Connection(stub), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    # Ends with its parent, even a killed one, because its stdin ends then.
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("service_time", type=float, help="seconds")
    asyncio.run(_serve(parser.parse_args().service_time))
