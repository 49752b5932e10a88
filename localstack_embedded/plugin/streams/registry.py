"""All streams of a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from .errors import NoSuchStreamError, StreamExistsError
from .stream import Stream


class Streams:
    """Streams of all accounts and regions; may be used by any number of threads."""

    def __init__(self, *, clock: Callable[[], float] = time.time, has_limits: bool = False) -> None:
        self._clock = clock
        self._has_limits = has_limits
        self._lock = Lock()
        self._streams: dict[str, Stream] = {}
        self._last_seconds: dict[str, int] = {}

    @property
    def has_limits(self) -> bool:
        """Whether shards take and give no more than AWS's do."""
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
        """Make a stream, with these details from the start; raises StreamExistsError."""
        with self._lock:
            if arn in self._streams:
                raise StreamExistsError(arn)
            stream = self._streams[arn] = Stream(
                arn,
                shard_count,
                clock=self._clock,
                # So that no sequence number of a deleted stream is one of its successor.
                first_second=self._last_seconds.get(arn, -1) + 1,
                retention_hours=retention_hours,
                has_limits=self._has_limits,
                details=details,
            )
            return stream

    def find(self, arn: str) -> Stream | None:
        """The stream with this ARN."""
        return self._streams.get(arn)

    def remove(self, arn: str) -> None:
        """Delete a stream; raises NoSuchStreamError."""
        if not self._remove(arn):
            raise NoSuchStreamError(arn)

    def of(self, account: str, region: str) -> list[Stream]:
        """An account's streams in a region, by name."""
        found = [stream for arn, stream in self._all() if arn.split(":")[3:5] == [region, account]]
        return sorted(found, key=lambda stream: stream.name)

    def clear(self, account: str | None = None) -> None:
        """Delete all streams, or all of an account."""
        for arn, _ in self._all():
            if account in (None, arn.split(":")[4]):
                self._remove(arn)

    def _remove(self, arn: str) -> bool:
        with self._lock:
            stream = self._streams.pop(arn, None)
            if stream is not None:
                self._last_seconds[arn] = stream.delete()
        return stream is not None

    def _all(self) -> list[tuple[str, Stream]]:
        with self._lock:
            return list(self._streams.items())
