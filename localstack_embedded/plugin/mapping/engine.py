"""The engine of a mapping: reads a stream's shards and invokes the function.

One thread with an event loop reads all shards and does all the waiting. Each call of the function
or of a destination runs in a new thread. Nothing polls.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from ..streams import NoSuchShardError, NoSuchStreamError, Stream
from .context import Call, Context, Stopped, backoff, in_thread
from .interfaces import Checkpoint, GiveUp, Invoke, Matches, Observer, Size
from .settings import Settings
from .shard_reader import ShardReader
from .starting import checkpoints_at_start

LOG = logging.getLogger(__name__)


class Engine:
    """Runs between `start` and `stop`; for new settings, make another with the same checkpoints.

    `checkpoints` (by shard) is read at the start and updated in place, in the engine's thread. If
    it is empty, `start` fills it according to the starting position before it returns.
    """

    def __init__(
        self,
        settings: Settings,
        stream: Stream,
        checkpoints: dict[str, Checkpoint],
        *,
        invoke: Invoke,
        give_up: GiveUp,
        size: Size,
        observe: Observer,
        matches: Matches | None = None,
        shares_limits: bool = False,
        clock: Callable[[], float] = time.time,
        call: Call = in_thread,
    ) -> None:
        self._context = Context(
            settings=settings,
            stream=stream,
            checkpoints=checkpoints,
            invoke=invoke,
            give_up=give_up,
            size=size,
            matches=matches,
            observe=observe,
            clock=clock,
            call=call,
            shares_limits=shares_limits,
        )
        self._readers: dict[str, ShardReader] = {}
        self._begun: set[str] = set()
        self._ended: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="mapping", daemon=True)

    @property
    def last_result(self) -> str:
        """The mapping's LastProcessingResult."""
        return self._context.last_result

    @property
    def waiting_bytes(self) -> int:
        """Bytes of records that have been read but not passed to an invocation."""
        return self._context.waiting_bytes

    def start(self) -> None:
        """Start reading; returns immediately."""
        self.resolve()
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def stop(self, timeout: float | None = None) -> bool:
        """Start no more invocations, and wait for running ones; returns whether all ended in time.

        A batch whose last invocation failed is left for the next start, with all its retries.
        """
        if self._loop is None:
            return True
        try:
            self._loop.call_soon_threadsafe(self.halt)
        except RuntimeError:  # It has ended, or is just ending.
            LOG.debug("The mapping's loop has ended.", exc_info=True)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def resolve(self) -> None:
        """Fill the checkpoints of a new mapping, and drop those of shards that no longer exist."""
        context = self._context
        if not context.checkpoints:
            context.checkpoints.update(checkpoints_at_start(context.settings, context.stream))
        for shard_id in context.checkpoints.keys() - context.stream.shards.keys():
            del context.checkpoints[shard_id]

    async def run(self) -> None:
        """Read until stopped, or until the stream is deleted."""
        async with asyncio.TaskGroup() as self._tasks:
            with suppress(NoSuchStreamError):
                self._follow_up()
        if self._context.stream.is_deleted:
            self._context.observe.ended("The stream was deleted.")

    def halt(self) -> None:
        """Start nothing new; must be called in the event loop."""
        self._context.stopping.set()
        for reader in self._readers.values():
            reader.wake()

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            try:
                runner.run(self.run())
            except Exception:
                LOG.exception("The mapping has failed.")

    def _follow_up(self) -> None:
        """Start reading all shards whose parents are done or gone."""
        shards = self._context.stream.shards
        to_do = shards.keys() - self._ended
        for shard_id in to_do - self._begun:
            if to_do.isdisjoint(shards[shard_id].parents):
                self._begun.add(shard_id)
                self._tasks.create_task(self._read(shard_id))

    async def _read(self, shard_id: str) -> None:
        """Read a shard to its end, and then start reading its children."""
        with suppress(Stopped, NoSuchStreamError):
            if await self._read_to_end(shard_id):
                self._ended.add(shard_id)
                self._follow_up()

    async def _read_to_end(self, shard_id: str) -> bool:
        """Read a shard, and start over after errors; returns whether the shard is done."""
        failures = 0
        while True:
            self._context.check()
            try:
                self._readers[shard_id] = ShardReader(self._context, shard_id)
                return await self._readers[shard_id].run()
            except NoSuchShardError:  # It has expired.
                return True
            except NoSuchStreamError:
                raise
            except Exception:
                LOG.exception("Reading %s failed; it will be read again.", shard_id)
            finally:
                self._readers.pop(shard_id, None)
            failures += 1
            await self._context.pause(backoff(failures))
