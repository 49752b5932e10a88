"""The counts of a run, while it runs and at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from producer.outgoing import Origin

_MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Shards:
    """How full the stream is now; rates are those of the last few seconds.

    Of the `known` shards, those that have answered, `full` made records wait. Together they accept
    `records_rate` records and `bytes_rate` bytes a second. `wanted` is how many shards a live
    source would need; None for a source that can wait.
    """

    known: int
    full: int
    records_rate: float
    bytes_rate: float
    wanted: int | None = None

    def take(self, shards: int) -> float:
        """The records a second that this many shards would accept with evenly spread keys."""
        return self.records_rate * shards / self.known


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Counts of records at one moment.

    `sent` were acknowledged by Kinesis. `failed` were given up and went to the file of undelivered
    records, except the `dropped` ones, which were not saved. Of the failed, `unanswered` may have
    arrived: a call with them got no answer. `retried` counts every resend of a record. `bytes_sent`
    is the data and partition keys of what was sent, `elapsed` is in seconds. `errors` counts
    refusals by error code, for each record and try. `endpoint_rate` is how many records a second
    the endpoint accepts, while it limits the run. `shards` says how full the shards are, while any
    is full.
    """

    read: int
    sent: int
    retried: int
    failed: int
    dropped: int
    unanswered: int
    bytes_sent: int
    elapsed: float
    errors: Mapping[str, int]
    endpoint_rate: float | None = None
    shards: Shards | None = None

    @property
    def waiting(self) -> int:
        """Records read and not dealt with yet."""
        return self.read - self.sent - self.failed


@dataclass(kw_only=True)
class Unsendable:
    """Failed records that no retry can deliver, by error code; the `first` few with their size.

    `left` of them are already in the file of undelivered records, where they came from.
    """

    codes: Counter[str] = field(default_factory=Counter)
    first: list[tuple[str, int, Origin | None]] = field(default_factory=list)
    left: int = 0

    def add(self, code: str, *, size: int, origin: Origin | None, left: bool) -> None:
        """Count one more."""
        self.codes[code] += 1
        self.left += left
        if len(self.first) < _MOST_NAMED:
            self.first.append((code, size, origin))


@dataclass(frozen=True, kw_only=True)
class Report(Progress):
    """The final counts: every record read was sent or failed.

    `undelivered` is the file that records were appended to, None when there were none.
    `unwritten` is how many of the failed could not be written there. `exhausted` is whether the
    source was read to its end. `keyless` counts those without a partition key, which got a digest.
    """

    exhausted: bool
    interrupted: bool
    undelivered: Path | None
    unwritten: int
    unsendable: Unsendable = field(default_factory=Unsendable)
    keyless: int = 0

    @property
    def kept(self) -> int:
        """How many of the failed were appended to the file."""
        return self.failed - self.dropped - self.unwritten - self.unsendable.left
