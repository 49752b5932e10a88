"""Gathers the records of a lane into batches.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from .context import Context, Stopped
from .delivery import Delivery
from .interfaces import MAX_PAYLOAD, Record
from .progress import Progress
from .window import Tumbling

_ENVELOPE = 1024  # maximum bytes of an event without its records and a window's state


class Lane:
    """Delivers the records of some partition keys in order; one lane per concurrent batch.

    A batch is sent when it is full, when the batching window since its first record is over, or
    when the shard or the tumbling window ends. `catch_up` reads all available records. `on_taken`
    is called as soon as some have left `waiting`.
    """

    def __init__(
        self,
        context: Context,
        shard_id: str,
        progress: Progress,
        *,
        catch_up: Callable[[], object],
        on_taken: Callable[[], None],
    ) -> None:
        self.waiting: deque[tuple[Record, int]] = deque()
        self.bytes = 0
        self._context = context
        self._settings = context.settings
        self._catch_up = catch_up
        self._on_taken = on_taken
        self._is_closed = False
        self._news = asyncio.Event()
        seconds = context.settings.tumbling_window
        self._window = Tumbling(seconds, progress) if seconds else None
        self._delivery = Delivery(context, shard_id, progress, self._window)

    @property
    def is_full(self) -> bool:
        """Whether a whole batch is waiting."""
        return len(self.waiting) >= self._settings.batch_size or self.bytes >= self._room

    def add(self, record: Record) -> None:
        size = self._context.size(record)
        self.waiting.append((record, size))
        self._count(size)
        self._news.set()

    def close(self) -> None:
        """Signal that no more records follow."""
        self._is_closed = True
        self._news.set()

    def drop(self) -> None:
        """Drop the waiting records; they are read again if reading goes on."""
        self.waiting.clear()
        self._count(-self.bytes)

    def wake(self) -> None:
        """Wake the lane, so that it notices that the engine is stopping."""
        self._news.set()

    async def run(self) -> None:
        """Deliver until everything is done or the engine stops."""
        with suppress(Stopped):
            if self._window and self._window.has_to_end:
                await self._delivery.close_window(is_early=True)
            while await self._gather():
                records, size = self._take()
                self._on_taken()
                if size > self._room:
                    # Lambda can't take it: "you need to configure an on-failure destination".
                    # https://docs.aws.amazon.com/streams/latest/dev/large-records.html
                    await self._delivery.give_up(records, "RetryAttemptsExhausted", 1, None)
                else:
                    await self._delivery.deliver(records)

    @property
    def _room(self) -> int:
        """How many bytes of records an invocation can take."""
        state = self._window.state_size if self._window else 0
        return max(1, MAX_PAYLOAD - _ENVELOPE - state)

    async def _gather(self) -> bool:
        """Wait for a batch; False if no more records follow."""
        if self._window:
            await self._close_window_at_its_end(self._window)
        while not self.waiting:
            if self._is_closed:
                return False
            await self._hear(None)
        deadline = self._context.clock() + self._settings.batching_window
        if self._window:
            self._window.open_with(self.waiting[0][0])
            deadline = min(deadline, self._window.end)
        while not self.is_full and not self._is_closed:
            left = deadline - self._context.clock()
            if left <= 0:
                break
            await self._hear(left)
        return True

    def _take(self) -> tuple[list[Record], int]:
        """Take the next batch, of at least one record; returns it with its size in bytes."""
        room = self._room
        records: list[Record] = []
        taken = 0
        while self.waiting and len(records) < self._settings.batch_size:
            record, size = self.waiting[0]
            if records and (
                taken + size > room or (self._window and not self._window.holds(record))
            ):
                break
            self.waiting.popleft()
            records.append(record)
            taken += size
        self._count(-taken)
        return records, taken

    def _count(self, size: int) -> None:
        self.bytes += size
        self._context.waiting_bytes += size

    async def _close_window_at_its_end(self, window: Tumbling) -> None:
        """Wait until the open window has a record waiting, or close it when it is over."""
        while window.is_open:
            if not self.waiting and self._context.clock() >= window.end:
                self._catch_up()
            if self.waiting and window.holds(self.waiting[0][0]):
                return
            is_over = bool(self.waiting) or self._is_closed
            if is_over or self._context.clock() >= window.end:
                await self._delivery.close_window()
            else:
                await self._hear(window.end - self._context.clock())

    async def _hear(self, seconds: float | None) -> None:
        """Wait for records, or for the lane's end; raises Stopped."""
        self._context.check()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()
        self._context.check()
