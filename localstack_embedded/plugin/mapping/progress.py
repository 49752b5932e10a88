"""How far a shard is done, as a checkpoint that never moves back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from .interfaces import Checkpoint, Record

_FEW = 100  # records
_SOON = 0.05  # seconds


class Progress:
    """Keeps the checkpoint of one shard current until the last `write`.

    Sequence numbers are compared as text.
    """

    def __init__(self, shard_id: str, checkpoints: dict[str, Checkpoint]) -> None:
        self._shard_id = shard_id
        self._checkpoints = checkpoints
        start = checkpoints.setdefault(shard_id, Checkpoint())
        self._done = self._read_before = start.done
        self._open = dict.fromkeys(start.open)
        self._unseen = set(start.open)
        self._soon: asyncio.TimerHandle | None = None
        self.window_start: float | None = start.window_start
        self.window_state: Any = start.window_state

    def begin(self, records: Sequence[Record]) -> Iterator[Record]:
        """The records that were not done when the shard was last read."""
        for record in records:
            number = record.sequence_number
            if number > self._read_before:
                if self._unseen:
                    self._forget_trimmed()
                self._open[number] = None
                yield record
            elif number in self._unseen:
                self._unseen.remove(number)
                yield record

    def finish(self, records: Iterable[Record]) -> None:
        """Record that these are done or given up, and the state of the window."""
        for record in records:
            number = record.sequence_number
            del self._open[number]
            self._done = max(self._done, number)
        self.note()

    def note(self) -> None:
        """Update the checkpoint; with a delay if it is long because lanes are far apart."""
        if len(self._checkpoints[self._shard_id].open) <= _FEW:
            self.write()
        elif self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(_SOON, self.write)

    def write(self) -> None:
        """Update the checkpoint now."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._checkpoints[self._shard_id] = Checkpoint(
            self._done,
            tuple(takewhile(self._done.__gt__, self._open)),
            self.window_start,
            self.window_state,
        )

    def _forget_trimmed(self) -> None:
        """Drop open records that are no longer in the stream."""
        for number in self._unseen:
            del self._open[number]
        self._unseen.clear()
