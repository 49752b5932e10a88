"""One connection to the stream, from its first byte to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from starlette.types import Receive, Send

from tweets.fakes.entities import to_json
from tweets.fakes.model import Tweet
from tweets.fakes.x_api.faults import Fault
from tweets.fakes.x_api.fields import Fields
from tweets.fakes.x_api.problems import operational_disconnect
from tweets.fakes.x_api.state import Connection, FakeX
from tweets.fakes.x_api.trickle import pieces

_BATCH = 200
_TICK_S = 0.005  # at high rates, posts are sent in groups at this interval
_PIECE_S = 0.001
_CATCH_UP_S = 1.0
_RUBBISH = b'{"data":{"id":"\xff\xfe\r\n'
_UNKNOWN = b'{"notice":{"kind":"fake","text":"a kind of message that is new"}}\r\n'

End = Literal["final chunk", "none"]


class _Line(NamedTuple):
    """`post` is an index, or None for a message of another kind; X charges for the `id`."""

    post: int | None
    data: bytes
    id: str = ""


class _Over(Exception):
    """The connection ends: why, and whether the body is completed."""

    def __init__(self, why: str, end: End = "none") -> None:
        super().__init__(why)
        self.why = why
        self.end = end


class Stream:
    """Publishes posts at the fake X's rate, sends those that match, and causes faults."""

    def __init__(
        self,
        fake: FakeX,
        connection: Connection,
        fields: Fields,
        again: list[int],
        send: Send,
        receive: Receive,
    ) -> None:
        self._fake = fake
        self._connection = connection
        self._fields = fields
        self._again = again  # indexes to send a second time, before any new post
        self._send = send
        self._receive = receive
        self._left = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._due = self._written = self._loop.time()
        self._slowly = 0
        self._next = fake.next_index  # if posts are published by the clock

    async def run(self) -> None:
        """Send until the connection ends for any reason."""
        watch = asyncio.create_task(self._watch())
        why, end = "the server stopped", "none"
        try:
            while True:
                await self._step()
        except _Over as over:
            why, end = over.why, over.end
        finally:
            watch.cancel()
            self._fake.ended(self._connection, why)
            self._fake.listener.settle()
        if end == "final chunk":
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left.set()
        self._fake.ended(self._connection, "the reader left")

    async def _step(self) -> None:
        fault = self._fake.script.take_in_stream(len(self._connection.indexes))
        if fault:
            self._fake.log(f"connection {self._connection.number}: {fault}")
            await self._act(fault)
            return
        if not self._fake.usage.left:
            raise _Over("the month's posts are used up", "final chunk")
        if (told := self._fake.changes.take()) is not None:
            await self._tell(told)
            return
        lines = self._due_lines()
        if lines:
            await self._write_lines(lines)
            return
        now = self._loop.time()
        heartbeat_in = self._written + self._fake.heartbeat - now
        if heartbeat_in <= 0:
            await self._write(b"\r\n")
            return
        published = self._fake.count is not None and self._fake.next_index >= self._fake.count
        post_in = heartbeat_in if published else max(self._due - now, _TICK_S)
        # Faults may be added at any time, so check again now and then.
        await self._pause(min(heartbeat_in, post_in, 0.05))

    async def _tell(self, told: bytes | Tweet) -> None:
        """Send a change of a post that was published before."""
        if isinstance(told, bytes):
            await self._write(told)
        elif rules := self._fake.match(told):
            versions = self._fake.changes.history(told.id)
            await self._write(self._fields.line(told, rules, versions))

    def _due_lines(self) -> list[_Line]:
        """The lines that are due before the next fault."""
        until = self._fake.script.posts_until_next(len(self._connection.indexes))
        most = min(_BATCH if until is None else until, _BATCH, self._fake.usage.left)
        recording = self._fake.recording
        lines: list[_Line] = []
        for index in self._due_indexes():
            tweet = self._fake.tweet(index)
            rules = self._fake.match(tweet)
            if recording:
                lines += [_Line(None, line) for line in recording.messages_before(index)]
            if rules:
                line = (
                    recording.line(index, rules) if recording else self._fields.line(tweet, rules)
                )
                lines.append(_Line(index, line, tweet.id))
            if recording and index + 1 == self._fake.count:
                lines += [_Line(None, line) for line in recording.messages_before(index + 1)]
            if len(lines) >= most:
                break
        self._fake.changed()
        return lines

    def _due_indexes(self) -> Iterator[int]:
        while self._again:
            yield self._again.pop(0)
        now = self._loop.time()
        if self._fake.live:
            # Posts become due by the fake X's clock, so check again soon.
            self._due = now + _TICK_S
            self._fake.catch_up()
            end = min(self._fake.next_index, self._next + _BATCH)
            while self._next < end:
                self._next += 1
                yield self._next - 1
            return
        self._due = max(self._due, now - _CATCH_UP_S)
        for _ in range(_BATCH):
            if self._due > now:
                return
            index = self._fake.publish()
            if index is None:
                return
            self._due += 1 / self._fake.rate
            yield index

    async def _write_lines(self, lines: list[_Line]) -> None:
        whole, slow = lines[self._slowly :], lines[: self._slowly]
        for line in slow:
            self._slowly -= 1
            *most, last = pieces(line.data)
            for piece in most:
                await self._write(piece)
                await self._pause(_PIECE_S)
            await self._write(last, [line])
        if whole:
            await self._write(b"".join([line.data for line in whole]), whole)

    async def _write(self, data: bytes, completed: Sequence[_Line] = ()) -> None:
        # Recorded first: a reader may take them and leave, or stop the server, before this goes on.
        self._connection.indexes += [line.post for line in completed if line.post is not None]
        self._fake.usage.charge(line.id for line in completed if line.post is not None)
        self._fake.changed()
        try:
            async with asyncio.timeout(self._fake.max_lag):
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
                await asyncio.sleep(0)  # sending to a fast reader would block other tasks
        except TimeoutError:
            self._fake.listener.hang_up(self._connection.client)
            raise _Over("the reader was too slow") from None
        if self._left.is_set():
            raise _Over("the reader left")
        self._written = self._loop.time()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._left.wait()
        except TimeoutError:
            return
        raise _Over("the reader left")

    async def _act(self, fault: Fault) -> None:
        match fault.kind:
            case "drop":
                raise _Over("drop")
            case "reset":
                self._fake.listener.hang_up(self._connection.client, reset=True)
                raise _Over("reset")
            case "stale":
                self._fake.stale[self._connection.id] = self._fake.clock() + fault.value
                raise _Over("stale")
            case "end":
                raise _Over("end", "final chunk")
            case "half-line":
                await self._write(self._half_a_line())
                raise _Over("half-line")
            case "operational-disconnect":
                await self._write(to_json(operational_disconnect()).encode() + b"\r\n")
                raise _Over("operational-disconnect", "final chunk")
            case "silence":
                await self._pause(fault.value)
            case "rubbish":
                await self._write(_RUBBISH)
            case "unknown":
                await self._write(_UNKNOWN)
            case "slow":
                self._slowly += int(fault.value)

    def _half_a_line(self) -> bytes:
        """Half of the next post; whether it matches doesn't matter, because it is lost."""
        index = next(self._due_indexes(), None) if self._fake.live else self._fake.publish()
        tweet = self._fake.tweet(max(0, self._fake.next_index - 1) if index is None else index)
        line = self._fields.line(tweet, self._fake.rules.rules[:1])
        return line[: len(line) // 2]
