"""The limits on what a shard takes and gives in a second on AWS.

https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

from __future__ import annotations

from collections import deque

WRITTEN_RECORDS, WRITTEN_BYTES = 1000, 2**20
READ_CALLS, READ_BYTES = 5, 2 * 2**20


class WriteLimit:
    """A shard's limit of 1,000 records and 1 MiB a second; it saves up one second's worth."""

    def __init__(self) -> None:
        self._records, self._bytes = float(WRITTEN_RECORDS), float(WRITTEN_BYTES)
        self._at = 0.0

    def take(self, size: int, now: float) -> bool:
        """Count a record of this size; False if the shard can't take it."""
        passed, self._at = max(0.0, now - self._at), now
        self._records = min(WRITTEN_RECORDS, self._records + passed * WRITTEN_RECORDS)
        self._bytes = min(WRITTEN_BYTES, self._bytes + passed * WRITTEN_BYTES)
        # A stream may allow records larger than a second's worth. One is taken when a full second
        # is saved up, and is charged to the seconds after it.
        if self._records < 1 or self._bytes < min(size, WRITTEN_BYTES):
            return False
        self._records -= 1
        self._bytes -= size
        return True


class ReadLimit:
    """A shard's limit of five calls and 2 MiB a second; 10 MiB in one call uses up five seconds.

    As on AWS, a call may return more than what is left. Further calls are then refused until the
    excess is made up for.
    """

    def __init__(self) -> None:
        self._calls: deque[float] = deque(maxlen=READ_CALLS)
        self._bytes = float(READ_BYTES)
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Count a call; False if it must be refused."""
        passed, self._at = max(0.0, now - self._at), now
        self._bytes = min(READ_BYTES, self._bytes + passed * READ_BYTES)
        if self._bytes <= 0 or (len(self._calls) == READ_CALLS and now - self._calls[0] < 1):
            return False
        self._calls.append(now)
        return True

    def spend(self, size: int) -> None:
        """Count the bytes that the call returned."""
        self._bytes = -float(size) if size > READ_BYTES else self._bytes - size
