"""What all parts of a running engine share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..streams import Stream
from .interfaces import Checkpoint, GiveUp, Invoke, Matches, Observer, Size
from .settings import Settings

Call = Callable[..., Awaitable[Any]]

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 30.0


class Stopped(Exception):
    """The engine was told to stop, or the stream is gone."""


@dataclass(kw_only=True)
class Context:
    """Lives as long as one run of the engine; used only in its event loop."""

    settings: Settings
    stream: Stream
    checkpoints: dict[str, Checkpoint]
    invoke: Invoke
    give_up: GiveUp
    size: Size
    matches: Matches | None
    observe: Observer
    clock: Callable[[], float]
    call: Call
    shares_limits: bool = False
    """Whether reads count against the shards' limits; a consumer's don't, as it has its own."""
    waiting_bytes: int = 0
    """Bytes of all shards' records that have been read but not passed to an invocation."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    last_result: str = "No records processed"

    def note(self, result: str) -> None:
        """Store the result of the last invocation."""
        if result != self.last_result:
            self.last_result = result
            self.observe.result(result)

    @property
    def has_to_stop(self) -> bool:
        """Whether nothing new may be started."""
        return self.stopping.is_set() or self.stream.is_deleted

    def check(self) -> None:
        """Raise Stopped if nothing new may be started."""
        if self.has_to_stop:
            raise Stopped

    async def pause(self, seconds: float) -> None:
        """Wait; raises Stopped."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        self.check()


def backoff(failures: int) -> float:
    """How long to wait after this many failures in a row, in seconds.

    AWS documents only that it backs off exponentially. The first pause follows from LocalStack's
    recordings of AWS, where a record is tried seven times in 60 seconds.
    """
    return min(FIRST_PAUSE * 2.0 ** min(failures - 1, 16), LONGEST_PAUSE)


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function that may take long, in a new thread.

    A pool would keep as many threads as ever ran at once, and these would delay the exit.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def finish(set_it: Callable[[Any], None], value: Any) -> None:
        if not future.cancelled():
            set_it(value)

    def run() -> None:
        try:
            outcome = future.set_result, function(*arguments)
        except Exception as error:
            outcome = future.set_exception, error
        with suppress(RuntimeError):  # The loop has ended.
            loop.call_soon_threadsafe(finish, *outcome)

    threading.Thread(target=run, name="mapping-call", daemon=True).start()
    return await future
