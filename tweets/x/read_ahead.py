"""What was read and is not taken yet: bounded, so that a slow reader doesn't fill the memory."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """A queue of at most `most` bytes; `put` waits for room, `take` for something to take.

    What finds it empty always has room, however large it is.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, what: T, size: int, *, share: float = 1.0) -> None:
        """Add something of so many bytes, once no more than its share of the room is used.

        After `close`, it is dropped.
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
        """The oldest."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            what, size = self._waiting.popleft()
            self._bytes -= size
            self._changed.notify_all()
        return what

    def close(self) -> None:
        """Let nothing wait for room any longer, since nothing more will be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
