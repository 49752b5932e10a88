"""The answer to a call, entry by entry."""

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
"""The codes after which Kinesis may or may not have stored the record."""


class Answer(NamedTuple):
    """The error code of each entry, None for an acknowledged one; and its shard, where named."""

    codes: list[str | None]
    shards: list[str | None]

    @classmethod
    def failure(cls, code: str, entries: int) -> Answer:
        """The answer that stands for a call that failed as a whole."""
        return cls([code] * entries, [None] * entries)

    @property
    def is_accepted(self) -> bool:
        """Whether Kinesis accepted every entry."""
        return self.codes.count(None) == len(self.codes)

    @property
    def is_answered(self) -> bool:
        """Whether Kinesis processed the entries one by one, instead of failing as a whole."""
        return None in self.codes or SHARD_FULL in self.codes
