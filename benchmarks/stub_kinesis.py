"""Run a stub of Kinesis in a separate process, fast enough not to be the bottleneck.

    python -m benchmarks.stub_kinesis --service-time 0.005 --failures 0.01 --shards 8

It answers PutRecord and PutRecords after the service time, and refuses a share of entries. With
shards, it also refuses what exceeds their limits, of which other producers may take a share. A
client can make it split its shards, or fail for a while.

Without shards, it parses what it accepted only when a client asks for the books, so that keeping
them costs nothing during the measurement. With shards, it parses each record at once, because the
shards are the bottleneck.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.stub_stream import Books, Stream, described

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class StubKinesis:
    """A running stub, from its user's side."""

    url: str

    def books(self) -> Books:
        """Return what was accepted since the start, or since `forget`."""
        with urllib.request.urlopen(f"{self.url}/books") as answer:
            return Books(**json.load(answer))

    def forget(self) -> None:
        """Clear the books."""
        urllib.request.urlopen(f"{self.url}/forget").close()

    def split(self) -> None:
        """Split each shard in two."""
        urllib.request.urlopen(f"{self.url}/split").close()

    def fail_for(self, seconds: float) -> None:
        """Answer each call with an error for `seconds`."""
        urllib.request.urlopen(f"{self.url}/fail?{seconds}").close()


@contextmanager
def stub_kinesis(
    *, service_time: float = 0.0, failures: float = 0.0, shards: int = 0, others: float = 0.0
) -> Iterator[StubKinesis]:
    """Run a stub; without `shards` there are no limits.

    `others` is the share of each shard that other, long-running producers take.
    """
    options = [
        f"--service-time={service_time}",
        f"--failures={failures}",
        f"--shards={shards}",
        f"--others={others}",
    ]
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


class _Connection(asyncio.Protocol):
    """A client's connection; the client waits for an answer before it sends the next request."""

    def __init__(self, stream: Stream, service_time: float) -> None:
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
        stream, now = self._stream, self._loop.time()
        status, answer = 200, b"{}"
        if head.startswith(b"GET /books"):
            answer = json.dumps(asdict(stream.books())).encode()
        elif head.startswith(b"GET /forget"):
            stream.forget()
        elif head.startswith(b"GET /split"):
            stream.shards(now).split(now)
        elif head.startswith(b"GET /fail?"):
            stream.fails_until = now + float(head[10:].split()[0])
        elif now < stream.fails_until:
            status, answer = 500, b'{"__type": "InternalFailure"}'
        elif b"Kinesis_20131202.PutRecord" in head:
            single = b"Kinesis_20131202.PutRecords" not in head
            status, answer = stream.put(body, single=single, now=now)
            if self._service_time:
                self._loop.call_later(self._service_time, self._reply, status, answer)
                return
        elif b"Kinesis_20131202." in head:
            answer = described(stream.shards(now))
        else:
            status, answer = 400, b'{"__type": "UnknownOperationException"}'
        self._reply(status, answer)

    def _reply(self, status: int, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 %d X\r\nContent-Type: application/x-amz-json-1.1\r\n"
            b"x-amzn-RequestId: 6a8d5bcf-57f3-4d0e-8f04-6d3b8b0f6e3a\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (status, len(body), body)
        )


async def _serve(stream: Stream, service_time: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(stream, service_time), "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--service-time", type=float, default=0.0, help="Answer after this many seconds."
    )
    parser.add_argument("--failures", type=float, default=0.0, help="Refuse this share of entries.")
    parser.add_argument(
        "--shards", type=int, default=0, help="Apply the limits of this many shards."
    )
    parser.add_argument(
        "--others",
        type=float,
        default=0.0,
        help="Give this share of each shard to other producers.",
    )
    options = parser.parse_args()
    stream = Stream(failures=options.failures, shards=options.shards, others=options.others)
    asyncio.run(_serve(stream, options.service_time))


if __name__ == "__main__":
    _main()
