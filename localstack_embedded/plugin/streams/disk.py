"""The limits that all shards share: bytes of records on disk, and in memory."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from heapq import heappop, heappush
from pathlib import Path
from threading import Lock
from typing import Protocol

LOG = logging.getLogger(__name__)

_SEGMENT_BYTES = 2**24
_SEGMENTS = 64  # at least, when the disk limit is reached
_PAUSE = 5.0  # seconds until the next attempt after a failed write


class Droppable(Protocol):
    """A file that won't be written to again."""

    path: Path
    size: int
    last_arrived: float
    is_dropped: bool


class Disk:
    """Shared by all streams, each of which calls it with its own lock held."""

    def __init__(self, *, max_bytes: int, cache_bytes: int) -> None:
        self.used = 0
        self._max_bytes = max_bytes
        self._cache_bytes = cache_bytes
        self._shards = 0
        self._sealed: list[tuple[float, str, Droppable]] = []
        self._lock = Lock()
        self._paused_until = 0.0
        self._has_told = False

    @property
    def cache_share(self) -> int:
        """How many bytes of records each shard may have in memory."""
        return self._cache_bytes // max(1, self._shards)

    @property
    def segment_bytes(self) -> int:
        """How large files become. Beyond the disk limit, only complete ones are deleted."""
        return min(_SEGMENT_BYTES, self._max_bytes // max(_SEGMENTS, 4 * self._shards))

    def count_shards(self, change: int) -> None:
        """Change the number of shards by this much."""
        with self._lock:
            self._shards += change

    def grow(self, size: int) -> None:
        """Count what a file has grown by; deletes the oldest files beyond the disk limit."""
        with self._lock:
            self.used += size
            while self.used > self._max_bytes and self._sealed:
                self._drop(self._sealed[0][2])
                self._tell_of_cap()

    def seal(self, segment: Droppable) -> None:
        """Note that a file is complete, so that it may be deleted."""
        with self._lock:
            heappush(self._sealed, (segment.last_arrived, str(segment.path), segment))

    def drop(self, segment: Droppable) -> None:
        """Delete a file that is no longer needed."""
        with self._lock:
            self._drop(segment)

    def _drop(self, segment: Droppable) -> None:
        if not segment.is_dropped:
            segment.is_dropped = True
            self.used -= segment.size
            segment.path.unlink(missing_ok=True)
        while self._sealed and self._sealed[0][2].is_dropped:
            heappop(self._sealed)

    def _tell_of_cap(self) -> None:
        if not self._has_told:
            self._has_told = True
            LOG.warning(
                "The records of all streams exceed %d bytes on disk. From now on, the oldest are"
                " trimmed before they expire",
                self._max_bytes,
            )

    def end_pause(self) -> None:
        """Attempt the next write, even if the last one failed."""
        self._paused_until = 0.0

    def try_to(self, write: Callable[[], None]) -> bool:
        """Call `write`; False if it fails or has just failed, so that records stay in memory."""
        if time.monotonic() < self._paused_until:
            return False
        try:
            write()
        except OSError as error:
            self._paused_until = time.monotonic() + _PAUSE
            LOG.error("Can't write records to disk, so they stay in memory: %s", error)
            return False
        return True
