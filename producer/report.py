"""What a run of the producer has done so far, and in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Counts of records at one moment.

    `sent` were acknowledged by Kinesis, `failed` went to the file of undelivered records,
    `retried` counts every time a record was sent again. `bytes_sent` is the data and partition
    keys of what was sent, `elapsed` is in seconds. `errors` counts refusals by error code, once
    for every record each time.
    """

    read: int
    sent: int
    retried: int
    failed: int
    bytes_sent: int
    elapsed: float
    errors: Mapping[str, int]

    @property
    def waiting(self) -> int:
        """Records read whose fate is open."""
        return self.read - self.sent - self.failed


@dataclass(frozen=True, kw_only=True)
class Report(Progress):
    """The final counts: every record read was sent or failed.

    `undelivered` is the file that records were appended to, None when all were delivered.
    `unwritten` is how many of the failed could not even be written there.
    """

    interrupted: bool
    undelivered: Path | None
    unwritten: int
