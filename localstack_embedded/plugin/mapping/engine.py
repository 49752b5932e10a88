"""The engine of a mapping: reads a stream's shards and invokes the function."""

from __future__ import annotations

import time
from collections.abc import Callable

from .interfaces import Checkpoint, GiveUp, Invoke, Matches, Observer, Size, Stream
from .settings import Settings


class Engine:
    """Runs between `start` and `stop`; for other settings, make another with the checkpoints.

    `checkpoints` (by shard) is read at the start and kept current in place, from the engine's
    own thread. Empty, it is filled as the starting position says, by `start` before it returns.
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
        clock: Callable[[], float] = time.time,
    ) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Begin to read; returns at once."""
        raise NotImplementedError

    def stop(self, timeout: float | None = None) -> bool:
        """Let running invocations finish, begin no other, and say whether all have ended in time.

        Whatever their retries: a batch whose last invocation failed is left for the next start.
        """
        raise NotImplementedError

    @property
    def last_result(self) -> str:
        """The mapping's LastProcessingResult."""
        raise NotImplementedError
