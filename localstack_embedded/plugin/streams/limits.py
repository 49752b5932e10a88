"""What AWS lets a shard take and give in a second.

https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

from __future__ import annotations

from collections import deque

WRITTEN_RECORDS, WRITTEN_BYTES = 1000, 2**20
READ_CALLS, READ_BYTES = 5, 2 * 2**20


class WriteLimit:
    """A shard's 1,000 records and 1 MiB a second, of which it saves up those of one second."""

    def __init__(self) -> None:
        self._records, self._bytes = float(WRITTEN_RECORDS), float(WRITTEN_BYTES)
        self._at = 0.0

    def take(self, size: int, now: float) -> bool:
        """Whether one more record of this size is taken."""
        passed, self._at = max(0.0, now - self._at), now
        self._records = min(WRITTEN_RECORDS, self._records + passed * WRITTEN_RECORDS)
        self._bytes = min(WRITTEN_BYTES, self._bytes + passed * WRITTEN_BYTES)
        # A stream may allow records of more than a second's worth: one is taken when nothing has
        # been used, and paid for by the seconds after it.
        if self._records < 1 or self._bytes < min(size, WRITTEN_BYTES):
            return False
        self._records -= 1
        self._bytes -= size
        return True


class ReadLimit:
    """A shard's five calls and 2 MiB a second; after 10 MiB in one call it rests for five seconds.

    A call may go beyond what is left, as AWS's do; the next one is then refused until that is made
    up for.
    """

    def __init__(self) -> None:
        self._calls: deque[float] = deque(maxlen=READ_CALLS)
        self._bytes = float(READ_BYTES)
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Whether one more call is answered."""
        passed, self._at = max(0.0, now - self._at), now
        self._bytes = min(READ_BYTES, self._bytes + passed * READ_BYTES)
        if self._bytes <= 0 or (len(self._calls) == READ_CALLS and now - self._calls[0] < 1):
            return False
        self._calls.append(now)
        return True

    def spend(self, size: int) -> None:
        """Count what the call has returned."""
        self._bytes = -float(size) if size > READ_BYTES else self._bytes - size
