"""All streams of a process."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from .disk import Disk
from .errors import NoSuchStreamError, StreamExistsError
from .keeping import Home
from .stream import Stream

MAX_BYTES = 10 * 2**30
CACHE_BYTES = 12 * 2**20
_FLUSH_EVERY = 0.5  # seconds
_SUFFIX = ".stream"


class Streams:
    """Streams of all accounts and regions; thread-safe.

    With a `folder`, which no other process may use, `cache_bytes` of records are in memory and the
    others in files there. When the files exceed `max_bytes`, the oldest are trimmed.

    If `is_kept`, the streams in the folder are restored. Records are written half a second after
    they are put, and survive if the process is killed, but not if the machine loses power.
    Otherwise, the folder is emptied now and deleted by `close`.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        is_kept: bool = False,
        max_bytes: int = MAX_BYTES,
        cache_bytes: int = CACHE_BYTES,
        clock: Callable[[], float] = time.time,
        has_limits: bool = False,
    ) -> None:
        self._folder = folder
        self._disk = Disk(max_bytes=max_bytes, cache_bytes=cache_bytes)
        self._clock = clock
        self._has_limits = has_limits
        self._lock = Lock()
        self._streams: dict[str, Stream] = {}
        self._last_seconds: dict[str, int] = {}
        self._changed = Event() if folder and is_kept else None
        self._closed = Event()
        self._flusher: Thread | None = None
        for left in folder.glob(f"*{_SUFFIX}") if folder else ():
            self._find(self._home(left))
        if self._changed:
            self._flusher = Thread(target=self._flush, name="kept streams", daemon=True)
            self._flusher.start()

    @property
    def has_limits(self) -> bool:
        """Whether AWS's limits on a shard's reads and writes apply."""
        return self._has_limits

    @has_limits.setter
    def has_limits(self, has_limits: bool) -> None:
        with self._lock:
            self._has_limits = has_limits
            for stream in self._streams.values():
                stream.has_limits = has_limits

    def add(
        self,
        arn: str,
        shard_count: int,
        *,
        retention_hours: int = 24,
        details: Mapping[str, Any] | None = None,
    ) -> Stream:
        """Create a stream with these details; raises StreamExistsError."""
        with self._lock:
            if arn in self._streams:
                raise StreamExistsError(arn)
            if self._folder:  # only for the user of this process
                self._disk.try_to(partial(self._folder.mkdir, 0o700, parents=True, exist_ok=True))
            name = f"{arn.rpartition('/')[2]}-{secrets.token_hex(4)}{_SUFFIX}"
            stream = Stream(
                arn,
                shard_count,
                clock=self._clock,
                home=self._home(self._folder / name) if self._folder else None,
                retention_hours=retention_hours,
                details=details,
                # So that the successor of a deleted stream doesn't reuse its sequence numbers.
                second=self._last_seconds.get(arn, -1) + 1,
            )
            stream.has_limits = self._has_limits
            for other in self._streams.values():
                other.shrink()
            self._streams[arn] = stream
            return stream

    def find(self, arn: str) -> Stream | None:
        """The stream with this ARN."""
        return self._streams.get(arn)

    def remove(self, arn: str) -> None:
        """Delete a stream; raises NoSuchStreamError."""
        if not self._remove(arn):
            raise NoSuchStreamError(arn)

    def of(self, account: str, region: str) -> list[Stream]:
        """An account's streams in a region, sorted by name."""
        found = [stream for arn, stream in self._all() if arn.split(":")[3:5] == [region, account]]
        return sorted(found, key=lambda stream: stream.name)

    def clear(self, account: str | None = None) -> None:
        """Delete all streams, or only those of one account."""
        for arn, _ in self._all():
            if account in (None, arn.split(":")[4]):
                self._remove(arn)

    def save(self) -> None:
        """Save the settings and details of all streams that are kept."""
        for _, stream in self._all():
            stream.save()

    def flush(self) -> bool:
        """Write what is kept and not on disk yet; returns whether everything is on disk."""
        return all([stream.flush() or stream.is_deleted for _, stream in self._all()])

    def close(self) -> None:
        """Close all streams; those that are kept stay in the folder, the others are deleted."""
        if self._flusher:
            assert self._changed
            self._closed.set()
            self._changed.set()
            self._flusher.join()
            self._disk.end_pause()
            for _, stream in self._all():
                stream.close()
        else:
            self.clear()
            if self._folder:
                with suppress(OSError):  # It doesn't exist, or isn't empty.
                    self._folder.rmdir()

    def _remove(self, arn: str) -> bool:
        with self._lock:
            stream = self._streams.pop(arn, None)
            if stream is not None:
                self._last_seconds[arn] = stream.delete()
        return stream is not None

    def _all(self) -> list[tuple[str, Stream]]:
        with self._lock:
            return list(self._streams.items())

    def _home(self, folder: Path) -> Home:
        return Home(folder, self._disk, self._changed)

    def _find(self, home: Home) -> None:
        """Take over a stream that another process left, or remove its files."""
        document = home.read() if self._changed else None
        if document is None:
            home.remove()
        else:
            stream = Stream.kept(document, self._clock, home)
            stream.has_limits = self._has_limits
            self._streams[stream.arn] = stream

    def _flush(self) -> None:
        assert self._changed
        while not self._closed.is_set():
            self._changed.wait()
            self._closed.wait(_FLUSH_EVERY)
            self._changed.clear()
            self.flush()
