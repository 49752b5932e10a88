"""Passes one collector's snapshots to all open pages, so that ten pages cost no more than one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from tweetpipe.aws.errors import mistake
from tweetpipe.live.snapshot import Landed, Point, Snapshot

BEAT = 5.0  # seconds of silence after which a page gets a sign of life

_REMEMBERED = 2000  # events whose way is still known
# Keep reading for a while after the last page closes, so that a reload does not start over.
_LINGER = 10.0
_FRESH = 30.0  # seconds; older snapshots are not shown
_WAIT = 0.5  # seconds until the thread looks whether it is still needed
_AGAIN = 1.0  # seconds from a failure to the next attempt


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the stack can't be read; the next snapshot ends it."""

    why: str


class Subscription(Protocol):
    """A subscription to a collector."""

    def wait(self, timeout: float) -> Snapshot | None: ...
    def close(self) -> None: ...


class Collector(Protocol):
    """Reads the stack while it has subscribers; see tweetpipe.live."""

    def latest(self) -> Snapshot | None: ...
    def history(self) -> list[Point]: ...
    def subscribe(self) -> Subscription: ...


class Pages:
    """All open pages; use it in one event loop."""

    def __init__(
        self,
        collector: Collector,
        *,
        beat: float = BEAT,
        linger: float = _LINGER,
        fresh: float = _FRESH,
    ) -> None:
        self._collector = collector
        self._beat, self._linger, self._fresh = beat, linger, fresh
        self._open = 0
        self._latest: Snapshot | Failure | None = None
        self._news = asyncio.Event()
        self._over: threading.Event | None = None
        self._closed = False
        self._ways: OrderedDict[tuple[str, str], Landed] = OrderedDict()

    def latest(self) -> Snapshot | None:
        """The newest snapshot, unless it is too old."""
        latest = self._collector.latest()
        return latest if latest and self._is_fresh(latest) else None

    def history(self) -> list[Point]:
        return self._collector.history()

    def way(self, key: tuple[str, str]) -> Landed | None:
        """The path of an event, if it was seen recently."""
        return self._ways.get(key)

    async def updates(self) -> AsyncIterator[Snapshot | Failure | None]:
        """Each snapshot as it arrives; None after BEAT seconds without one. Ends with `close`.

        A slow subscriber skips snapshots, and gets the newest one next.
        """
        self._enter()
        seen: Snapshot | Failure | None = None
        try:
            while not self._closed:
                news = self._news
                if self._latest is seen:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._beat):
                            await news.wait()
                if self._closed:
                    return
                snapshot = None if self._latest is seen else self._latest
                seen = self._latest
                yield snapshot
        finally:
            self._leave()

    def close(self) -> None:
        """End all pages' updates, and the reading."""
        self._closed = True
        self._wake()
        self._stop()

    def _enter(self) -> None:
        self._open += 1
        if self._over is None and not self._closed:
            self._over = threading.Event()
            loop = asyncio.get_running_loop()
            threading.Thread(
                target=self._read, args=(loop, self._over), name="dashboard", daemon=True
            ).start()

    def _leave(self) -> None:
        self._open -= 1
        if not self._open and not self._closed:
            asyncio.get_running_loop().call_later(self._linger, self._stop_if_unwatched)

    def _stop_if_unwatched(self) -> None:
        if not self._open:
            self._stop()

    def _stop(self) -> None:
        if self._over is not None:
            self._over.set()
            self._over = None
            self._latest = None

    def _read(self, loop: asyncio.AbstractEventLoop, over: threading.Event) -> None:
        while not (over.is_set() or loop.is_closed()):
            try:
                self._follow(loop, over)
            except BaseException as error:
                # Nothing may end the thread and leave the pages frozen.
                with suppress(RuntimeError):  # the loop is closed, so no page is open any more
                    loop.call_soon_threadsafe(self._show, Failure(mistake(error)))
                over.wait(_AGAIN)

    def _follow(self, loop: asyncio.AbstractEventLoop, over: threading.Event) -> None:
        subscription = self._collector.subscribe()
        try:
            while not over.is_set():
                snapshot = subscription.wait(_WAIT)
                # A collector that was paused starts with its last snapshot.
                if snapshot is not None and self._is_fresh(snapshot):
                    loop.call_soon_threadsafe(self._publish, snapshot)
        finally:
            subscription.close()

    def _publish(self, snapshot: Snapshot) -> None:
        for landed in reversed(snapshot.newest):
            # Without its text, because thousands are kept.
            self._ways[landed.key] = replace(landed, text="")
            self._ways.move_to_end(landed.key)
        while len(self._ways) > _REMEMBERED:
            self._ways.popitem(last=False)
        self._show(snapshot)

    def _show(self, seen: Snapshot | Failure) -> None:
        self._latest = seen
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _is_fresh(self, snapshot: Snapshot) -> bool:
        return time.time() - snapshot.at < self._fresh
