"""A bounded queue of what was read, so that a slow consumer doesn't fill the memory."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """A queue of at most `most` bytes; `put` waits for room, `take` for an entry.

    An empty queue accepts an entry of any size.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, what: T, size: int, *, share: float = 1.0) -> None:
        """Add an entry of this many bytes, once that fits into its share of the room.

        Drops it after `close`.
        """
        most = self._most * share
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed or not self._waiting or self._bytes + size <= most
            )
            if not self._is_closed:
                self._waiting.append((what, size))
                self._bytes += size
                self._changed.notify_all()

    def take(self) -> T:
        """Remove and return the oldest entry."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            what, size = self._waiting.popleft()
            self._bytes -= size
            self._changed.notify_all()
        return what

    def close(self) -> None:
        """Release all waiting `put` calls, because nothing more will be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
