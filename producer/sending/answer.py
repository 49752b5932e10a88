"""What Kinesis said to a call, entry by entry."""

from __future__ import annotations

from typing import NamedTuple

SHARD_FULL = "ProvisionedThroughputExceededException"
"""The error code of an entry for which its shard had no room."""
TIMED_OUT = "ReadTimeoutError"
"""The error code of a call that was not answered in time."""
UNANSWERED = frozenset(
    {
        "502",
        "504",
        "ConnectionClosedError",
        "HTTPClientError",
        "IncompleteAnswer",
        "NoSequenceNumber",
        TIMED_OUT,
        "ResponseParserError",
    }
)
"""The codes after which nobody knows whether Kinesis has stored the record."""


class Answer(NamedTuple):
    """The error code of each entry, None for an acknowledged one; and its shard, where named."""

    codes: list[str | None]
    shards: list[str | None]

    @classmethod
    def failure(cls, code: str, entries: int) -> Answer:
        """What a call that failed as a whole says of each of its entries."""
        return cls([code] * entries, [None] * entries)

    @property
    def is_accepted(self) -> bool:
        """Whether Kinesis has accepted all."""
        return self.codes.count(None) == len(self.codes)

    @property
    def is_answered(self) -> bool:
        """Whether Kinesis looked at each record, and did not merely fail."""
        return None in self.codes or SHARD_FULL in self.codes
