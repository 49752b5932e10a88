"""Access to the stack for people's queries, separate from the collector's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack


class Door:
    """Admits one query at a time, because a boto3 session is not thread-safe."""

    def __init__(self, open_place: Callable[[], Place], stack_name: str) -> None:
        self._open_place = open_place
        self._stack_name = stack_name
        self._place: Place | None = None
        self._lock = threading.Lock()

    @contextmanager
    def stack(self) -> Iterator[tuple[Place, Stack]]:
        """The place, and the current stack; raises what `stack.get` raises.

        After a failure, it looks up the place again: an emulator may be back on another port.
        """
        with self._lock:
            place, self._place = self._place or self._open_place(), None
            yield place, stacks.get(place, self._stack_name)
            self._place = place
