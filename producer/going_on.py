"""Fake events without end, of which no run sends a stack those that an earlier one sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from producer.fakes import Fakes, fake_source
from producer.outgoing import OutgoingRecord
from producer.position import SavedPosition, load, save

_SEED = 0


class FakesGoingOn:
    """The events after the last one that was sent to the same `stack`, its id; else all of them.

    How far that is, `path` keeps. Raises SettingsError as `fake_source`, and PositionError when
    what is kept there can't be read. Iterate it once.
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
        # Where malformed ones and duplicates are added, `offset` counts these too: then some events
        # are never sent, and none twice.
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
