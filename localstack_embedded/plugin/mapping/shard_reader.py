"""Reads one shard, and has lanes deliver its records.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from zlib import crc32

from ..streams import NoSuchShardError, NoSuchStreamError, ReadLimitError
from .context import Context, Stopped
from .interfaces import MAX_PAYLOAD, Record
from .lane import Lane
from .progress import Progress
from .starting import position_after

# Records per read: enough that a batch usually remains after filtering.
_MIN_READ, _MAX_READ = 1000, 10_000

# Seconds between reads if shards have limits. Lambda polls a shard once a second. While there is
# more to read, this leaves one of the five calls a second to other readers.
_POLL = 1.0
_CATCH_UP = 0.25

# How much may wait in the lanes of a shard. Until that is reached, a lane that is stuck in retries
# doesn't hold up the others.
_MAX_WAITING = 10_000  # records, or two batches for each lane if that is more
_MAX_WAITING_BYTES = 16 * 2**20
# The same for all shards of the mapping. Beyond it, each may have one small read waiting.
_MAX_WAITING_BYTES_IN_ALL = 128 * 2**20
_SMALL_READ_BYTES = 2**18


class ShardReader:
    """One run through a shard, from its checkpoint on."""

    def __init__(self, context: Context, shard_id: str) -> None:
        self._context = context
        self._shard_id = shard_id
        self._position = position_after(context.stream, shard_id, context.checkpoints)
        self._is_at_end = False
        self._progress = Progress(shard_id, context.checkpoints)
        if not context.settings.tumbling_window:
            self._progress.window_start, self._progress.window_state = None, {}
        self._lanes: dict[int, Lane] = {}
        self._without_key = count()
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def run(self) -> bool:
        """Read until all is done or the engine stops; returns whether the shard has ended."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                if self._progress.window_start is not None:
                    self._lane(0)  # It has a window to close, even if no records follow.
                await self._read()
                for lane in self._lanes.values():
                    lane.close()
        finally:
            self._progress.write()
            for lane in self._lanes.values():
                lane.drop()
        return self._is_at_end

    def wake(self) -> None:
        """Wake the reader and its lanes, so that they notice that the engine is stopping."""
        self._news.set()
        self._room.set()
        for lane in self._lanes.values():
            lane.wake()

    async def _read(self) -> None:
        with suppress(Stopped):
            while not self._is_at_end:
                await self._wait_for_room()
                shares_limits = self._context.shares_limits
                is_all = self._read_once(is_counted=shares_limits)
                if shares_limits and self._context.stream.has_limits:
                    await self._context.pause(_POLL if is_all else _CATCH_UP)
                if is_all:
                    await self._wait_for_record()
                # A backlog is read without waiting, so other tasks get a turn here.
                await asyncio.sleep(0)
                self._context.check()

    def _read_once(self, *, is_counted: bool = False) -> bool:
        """Read once; returns whether that was everything so far."""
        if self._is_at_end:
            return False
        settings = self._context.settings
        try:
            read = self._context.stream.read(
                self._shard_id,
                self._position,
                limit=max(
                    _MIN_READ, min(_MAX_READ, settings.batch_size * settings.parallelization_factor)
                ),
                max_bytes=max(_SMALL_READ_BYTES, min(MAX_PAYLOAD, self._room_in_all)),
                is_counted=is_counted,
            )
        except ReadLimitError:
            self._context.observe.refused_read(self._shard_id)
            return False
        except NoSuchShardError:  # It was closed so long ago that it has expired.
            self._is_at_end = True
            return False
        except NoSuchStreamError as error:
            raise Stopped from error
        self._context.observe.read(self._shard_id, read)
        if read.next is None:
            self._is_at_end = True
        else:
            self._position = read.next
        self._take(read.records)
        return read.behind_ms == 0 and not self._is_at_end

    def _take(self, records: Sequence[Record]) -> None:
        """Pass the records to their lanes, except those that the filter drops."""
        matches = self._context.matches
        out = []
        taken = 0
        for record in self._progress.begin(records):
            taken += 1
            if matches is None or matches(record):
                self._lane_of(record).add(record)
            else:
                out.append(record)
        if taken:
            self._context.observe.polled(taken)
        if out:
            self._progress.finish(out)
            self._context.observe.filtered_out(len(out))

    def _lane_of(self, record: Record) -> Lane:
        """The same lane for all records of a partition key; those without one have no order."""
        key = record.partition_key
        chosen = next(self._without_key) if key is None else crc32(key.encode())
        return self._lane(chosen % self._context.settings.parallelization_factor)

    def _lane(self, number: int) -> Lane:
        if number not in self._lanes:
            lane = self._lanes[number] = Lane(
                self._context,
                self._shard_id,
                self._progress,
                catch_up=self._read_once,
                on_taken=self._room.set,
            )
            self._tasks.create_task(lane.run())
        return self._lanes[number]

    @property
    def _has_room(self) -> bool:
        factor = self._context.settings.parallelization_factor
        lanes = self._lanes.values()
        if len(lanes) == factor and all(lane.is_full for lane in lanes):
            return False
        waiting = sum(lane.bytes for lane in lanes)
        if waiting and self._room_in_all <= 0:
            return False
        most = max(_MAX_WAITING, 2 * factor * self._context.settings.batch_size)
        return sum(len(lane.waiting) for lane in lanes) < most and waiting < _MAX_WAITING_BYTES

    @property
    def _room_in_all(self) -> int:
        """How many bytes all shards may read before each has only one small read waiting."""
        return _MAX_WAITING_BYTES_IN_ALL - self._context.waiting_bytes

    async def _wait_for_room(self) -> None:
        while not self._has_room:
            self._room.clear()
            await self._room.wait()
            self._context.check()

    async def _wait_for_record(self) -> None:
        """Wait until there is something to read, or nothing more can come."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            with suppress(RuntimeError):  # The loop has ended.
                loop.call_soon_threadsafe(self._news.set)

        self._news.clear()
        cancel = self._context.stream.watch(self._shard_id, self._position, ring)
        try:
            self._context.check()
            await self._news.wait()
        finally:
            cancel()
