"""Serves the application, in this process until it is stopped, or in a thread for a test."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from types import FrameType
from typing import TypeVar

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tweets.fakes.x_api.app import application
from tweets.fakes.x_api.faults import Fault
from tweets.fakes.x_api.state import FakeX, Listener

T = TypeVar("T")
_BACKLOG = 128
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s resets a connection when it is closed
_LISTEN_EVERY = 0.05  # seconds between attempts
_SEND_BUFFER = 256 * 1024  # a reader may lag behind by this before the stream waits for it


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its address and its state."""

    url: str
    fake: FakeX


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that refuses connections until a server listens on it; raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


def url_of(listening: socket.socket) -> str:
    """The base URL of a server on the socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class FakeXServer(uvicorn.Server, Listener):
    """uvicorn, but it stops at once despite open streams, and can stop listening for a while."""

    def __init__(self, fake: FakeX) -> None:
        config = uvicorn.Config(
            _telling_of_errors(_dated(application(fake), fake), fake),
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",
            backlog=_BACKLOG,
            server_header=False,
            date_header=False,
        )
        super().__init__(config)
        self.signal: int | None = None
        self.ready = threading.Event()
        self._fake = fake
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: int | None = None
        self._wake = asyncio.Event()
        self._deaf: asyncio.Task[None] | None = None
        fake.listener = self

    def stop(self) -> None:
        """End `run`; any thread may call this."""
        self.should_exit = True
        self._soon(self._wake.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal that ends the server; the caller of `run` decides what follows."""
        self.signal = sig
        self.stop()

    def settle(self) -> None:
        if threading.get_ident() == self._thread:
            self._refuse_if_due()
        else:
            self._soon(self._refuse_if_due)

    def hang_up(self, client: tuple[str, int], *, reset: bool = False) -> None:
        for connection in self.server_state.connections:
            if isinstance(connection, H11Protocol) and connection.client == client:
                if reset:
                    connected = connection.transport.get_extra_info("socket")
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                connection.transport.abort()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, at first and after each refusal."""
        await super().startup(sockets)
        self._fake.listening = True
        self._fake.changed()

    async def main_loop(self) -> None:
        """Wait until the server is stopped."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._refuse_if_due()
        while not self.should_exit:
            await self.on_tick(0)
            self.ready.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._wake.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything at once, because streams never end."""
        self._loop = None
        self._fake.listening = False
        tasks = list(self.server_state.tasks)
        if self._deaf:
            tasks.append(self._deaf)
        for server in self.servers:
            server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    def _soon(self, call: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed, so nothing is left to do
            if self._loop:
                self._loop.call_soon_threadsafe(call)

    def _refuse_if_due(self) -> None:
        if self._deaf and not self._deaf.done():
            return  # when it listens again, it checks for the next one
        if fault := self._fake.script.take_refusal():
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            for server in self.servers:
                server.close()
            self._fake.listening = False
            self._deaf = asyncio.get_running_loop().create_task(self._refuse(fault, host, port))

    async def _refuse(self, fault: Fault | None, host: str, port: int) -> None:
        # Bound but not listening: connects are refused, and the port stays reserved. A child
        # process that has not closed its copy of the socket yet can prevent that for a moment,
        # and another program on the port can prevent listening again.
        deaf = await self._retried("reserve the port", partial(_bound, host, port))
        try:
            while fault:
                self._fake.log(f"refusing connections: {fault}")
                await asyncio.sleep(fault.value)
                fault = self._fake.script.take_refusal()
            await self._retried("listen", partial(self.startup, sockets=[deaf]))
        except asyncio.CancelledError:
            deaf.close()
            raise

    async def _retried(self, what: str, attempt: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await attempt()
            except OSError as error:
                self._fake.log(f"can't {what} yet: {error}")
                await asyncio.sleep(_LISTEN_EVERY)


async def _bound(host: str, port: int) -> socket.socket:
    return listening_socket(host, port)


def _telling_of_errors(app: ASGIApp, fake: FakeX) -> ASGIApp:
    """Log real errors; uvicorn's log is off, because it would report scripted faults too."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            fake.log(f"error in the fake X API server: {error!r}")
            raise

    return wrapped


def _dated(app: ASGIApp, fake: FakeX) -> ASGIApp:
    """Add the date to each answer, by the fake X's clock."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                headers.setdefault(b"date", formatdate(fake.clock(), usegmt=True).encode())
                message["headers"] = list(headers.items())
            await send(message)

        await app(scope, receive, dated)

    return wrapped


@contextmanager
def serving(fake: FakeX) -> Iterator[Served]:
    """Run the server in a thread, on a free port of 127.0.0.1, until the block ends."""
    server = FakeXServer(fake)
    listening = listening_socket("127.0.0.1", 0)
    url = url_of(listening)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listening]}, name="fake X", daemon=True
    )
    thread.start()
    try:
        if not server.ready.wait(60):
            raise RuntimeError("the fake X API server did not start")
        yield Served(url, fake)
    finally:
        server.stop()
        thread.join(60)
        listening.close()
