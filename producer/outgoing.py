"""What the producer sends: one record of Kinesis data, and the rule for its partition key."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from typing import NamedTuple

MAX_RECORD_BYTES = 1024 * 1024
"""Data and partition key of one record, unless the stream's `MaxRecordSizeInKiB` was raised."""

LARGEST_RECORD_BYTES = 10 * MAX_RECORD_BYTES
"""As much as that can be raised to: https://docs.aws.amazon.com/streams/latest/dev/large-records.html"""

MAX_PARTITION_KEY_CHARACTERS = 256
"""Kinesis API reference, PutRecordsRequestEntry."""


STDIN = "-"
"""Standard input, where a file is named."""


class Origin(NamedTuple):
    """Where a record was found, counted from 1 on, and after `byte` where reading began there."""

    file: str
    number: int
    unit: str = "line"
    byte: int = 0

    def __str__(self) -> str:
        after = f" after byte {self.byte:,}" if self.byte else ""
        file = "standard input" if self.file == STDIN else self.file
        return f"{self.unit} {self.number:,}{after} of {file}"


class OutgoingRecord(NamedTuple):
    """One record for Kinesis; `data` is a single line, so it must hold no newline.

    `has_key` is False where the data has no partition key of its own: it got a digest instead.
    """

    data: bytes
    partition_key: str
    origin: Origin | None = None
    has_key: bool = True

    @classmethod
    def keyed(
        cls, data: bytes, key_of: Callable[[bytes], str] | None, origin: Origin | None = None
    ) -> OutgoingRecord:
        """The record with the key that `key_of` says; with a digest where it says none, or fails.

        The same bytes always have the same key. What could never be sent is not looked at.
        """
        key: object = None
        if key_of is not None and len(data) <= LARGEST_RECORD_BYTES:
            # Whatever the events' own code does, the record goes on to where it is dealt with.
            with suppress(Exception, SystemExit):
                key = key_of(data)
        return cls.with_key(data, key, origin)

    @classmethod
    def with_key(cls, data: bytes, key: object, origin: Origin | None = None) -> OutgoingRecord:
        """The record with this key, or with a digest where that can be none."""
        if isinstance(key, str) and key and _encodable(key):
            return cls(data, key[:MAX_PARTITION_KEY_CHARACTERS], origin)
        return cls(data, blake2b(data, digest_size=16).hexdigest(), origin, has_key=False)

    @property
    def size(self) -> int:
        """Bytes that Kinesis counts: the data and the partition key in UTF-8."""
        return len(self.data) + len(self.partition_key.encode())


def _encodable(text: str) -> bool:
    # Half of a surrogate pair, which JSON may escape and UTF-8 can't carry.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
