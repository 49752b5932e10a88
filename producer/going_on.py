"""Endless fake events; each run continues after the last event an earlier run sent to the stack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from producer.fakes import Fakes, fake_source
from producer.outgoing import OutgoingRecord
from producer.position import SavedPosition, load, save

_SEED = 0


class FakesGoingOn:
    """The events after the last one sent to `stack` (an id), or all of them.

    `path` saves how far that is. Raises SettingsError like `fake_source`, and PositionError if that
    file can't be read. Iterate it once.
    """

    def __init__(
        self,
        path: Path,
        events: Fakes,
        *,
        stack: str,
        shape: str | None = None,
        malformed: float = 0.0,
        duplicates: float = 0.0,
    ) -> None:
        self._path = path
        self._stack = stack
        position = load(path)
        self.offset = position.offset if position and position.stream == stack else 0
        # With malformed events and duplicates, `offset` counts these too: some events are then
        # never sent, but none is sent twice.
        self._records = fake_source(
            events,
            seed=_SEED,
            count=None,
            shape=shape,
            malformed=malformed,
            duplicates=duplicates,
            start=self.offset,
        )

    def __iter__(self) -> Iterator[OutgoingRecord]:
        for record in self._records:
            self.offset += 1
            yield record

    def keep(self, offset: int) -> None:
        """Make the next run start at `offset`; usable from any thread. Raises PositionError."""
        position = SavedPosition(
            stream=self._stack, offset=offset, unended_bytes=0, fingerprint=f"seed {_SEED}"
        )
        save(self._path, position)
