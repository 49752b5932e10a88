"""Tumbling windows: batches of one span of time, with a state that invocations pass on.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
"""

from __future__ import annotations

import json
from typing import Any

from .interfaces import Record, Window
from .progress import Progress

MAX_STATE = 2**20  # bytes for a shard


class Tumbling:
    """The window of a shard, which its first record opens.

    A record belongs to the window of its arrival. A window ends when its time is over, or with the
    shard, and its last invocation has no records. If its state exceeds 1 MB, it is terminated
    early: the same window continues with an empty state.
    """

    def __init__(self, seconds: float, progress: Progress) -> None:
        self._seconds = seconds
        self._progress = progress
        self.state_size = _size_of(progress.window_state)  # bytes as JSON

    @property
    def is_open(self) -> bool:
        return self._progress.window_start is not None

    @property
    def end(self) -> float:
        """When the open window ends."""
        assert self._progress.window_start is not None
        return self._progress.window_start + self._seconds

    @property
    def has_to_end(self) -> bool:
        """Whether the state has become too large."""
        return self.is_open and self.state_size > MAX_STATE

    def holds(self, record: Record) -> bool:
        """Whether a record belongs to the open window; true for any if none is open."""
        return not self.is_open or record.arrived < self.end

    def open_with(self, record: Record) -> None:
        """Open the record's window if none is open."""
        if not self.is_open:
            self._progress.window_start = record.arrived // self._seconds * self._seconds

    def for_batch(self, *, is_final: bool = False, is_terminated_early: bool = False) -> Window:
        """The window that an invocation gets."""
        return Window(
            self.end - self._seconds,
            self.end,
            self._progress.window_state,
            is_final,
            is_terminated_early,
        )

    def keep(self, state: Any) -> None:
        """Store the state that the function answered; the next checkpoint has it."""
        self._progress.window_state = {} if state is None else state
        self.state_size = _size_of(self._progress.window_state)

    def close(self, *, is_early: bool) -> None:
        """Drop the state and, unless it is terminated early, the window."""
        self.keep({})
        if not is_early:
            self._progress.window_start = None
        self._progress.note()


def _size_of(state: Any) -> int:
    return len(json.dumps(state, separators=(",", ":")))
