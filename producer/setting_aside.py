"""Saves the records that were given up."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

from producer import undelivered
from producer.backlog import Backlog
from producer.errors import UndeliveredError
from producer.report import Unsendable
from producer.sending.batches import Held

_PART = 500
"""Records between calls of fsync."""
_LAST_TRIES = 5
_PAUSE = 0.1
"""How often to try a write at the end of a run, and the seconds between tries."""


class SetAside:
    """Appends records to the file of undelivered ones, and counts them as failed.

    Drops records that would make the file larger than `limit` bytes, and all records if there is no
    path. A record that can never be sent and came from that file stays there. A failed write is
    retried with the next call; until one succeeds, `error` says why.
    """

    def __init__(
        self,
        backlog: Backlog,
        path: Path | None,
        *,
        limit: int | None,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.error: OSError | None = None
        self.unsendable = Unsendable()
        self._backlog = backlog
        self._path = path
        self._limit = limit
        self._clock = clock
        self._sleep = sleep
        self._failing_since = 0.0
        # By file name: whether records that can never be sent stay in that file.
        self._leaves_in: dict[str, bool] = {}

    def put(self, given_up: list[Held]) -> None:
        """Save the records; those that can't be written stay given up."""
        try:
            while given_up:
                given_up = given_up[self._put_some(given_up[:_PART]) :]
        except OSError as error:
            if self.error is None:
                self._failing_since = self._clock()
            self.error = error
            # The same records would only be given up again at once.
            self._sleep(_PAUSE)
        else:
            self.error = None

    def put_the_last(self, given_up: list[Held]) -> None:
        """Save the records at the end of a run, when there is no next call to retry."""
        self.put(given_up)
        for _ in range(_LAST_TRIES - 1):
            if self.error is not None:
                self.put(self._backlog.given_up(timeout=0))

    def has_failed_for(self, seconds: float) -> bool:
        """Whether no write has succeeded for this long."""
        return self.error is not None and self._clock() - self._failing_since >= seconds

    def loss_of(self, records: int) -> UndeliveredError:
        """The error that ends the run when this many records could not be saved."""
        reason = self.error and (self.error.strerror or self.error)
        error = UndeliveredError(
            f"cannot write undelivered records to {self._path} ({reason}): {records:,} "
            f"record{' was' if records == 1 else 's were'} neither delivered nor saved. Free disk "
            "space, or name another file with --undelivered"
        )
        error.__cause__ = self.error
        return error

    def _put_some(self, given_up: list[Held]) -> int:
        stays = self._stays(given_up[0])
        some = [*itertools.takewhile(lambda held: self._stays(held) is stays, given_up)]
        if stays:
            return self._book(some, left=True)
        if self._path is None:
            return self._book(some, dropped=True)
        lines = [held.record.data for held in some]
        if self._limit is not None:
            lines = lines[: undelivered.fitting(self._path, lines, limit=self._limit)]
        if not lines:
            return self._book(some[:1], dropped=True)
        return self._book(some[: undelivered.append(self._path, lines)])

    def _stays(self, held: Held) -> bool:
        origin = held.record.origin
        if not held.unsendable or origin is None or self._path is None:
            return False
        if origin.file not in self._leaves_in:
            self._leaves_in[origin.file] = undelivered.is_of_an_earlier_run(origin.file, self._path)
        return self._leaves_in[origin.file]

    def _book(self, records: list[Held], *, dropped: bool = False, left: bool = False) -> int:
        for held in records:
            if held.unsendable and not dropped:
                self.unsendable.add(
                    held.unsendable, size=held.size, origin=held.record.origin, left=left
                )
        self._backlog.set_aside(len(records), dropped=dropped)
        return len(records)
