"""The record that the producer sends, and the rule for its partition key."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from typing import NamedTuple

MAX_RECORD_BYTES = 1024 * 1024
"""Data and partition key of one record, unless the stream's `MaxRecordSizeInKiB` was raised."""

LARGEST_RECORD_BYTES = 10 * MAX_RECORD_BYTES
"""The highest value of that setting:
https://docs.aws.amazon.com/streams/latest/dev/large-records.html
"""

MAX_PARTITION_KEY_CHARACTERS = 256
"""Kinesis API reference, PutRecordsRequestEntry."""


STDIN = "-"
"""The name that stands for standard input."""


def in_words(name: str) -> str:
    """The name of a file, or of standard input, in a message."""
    return "standard input" if name == STDIN else name


class Origin(NamedTuple):
    """Where a record was found, counted from 1, and after `byte` if reading began there."""

    file: str
    number: int
    unit: str = "line"
    byte: int = 0

    def __str__(self) -> str:
        after = f" after byte {self.byte:,}" if self.byte else ""
        return f"{self.unit} {self.number:,}{after} of {in_words(self.file)}"


class OutgoingRecord(NamedTuple):
    """One record for Kinesis; `data` is a single line without a newline.

    `has_key` is False if the data has no partition key and got a digest instead.
    """

    data: bytes
    partition_key: str
    origin: Origin | None = None
    has_key: bool = True

    @classmethod
    def keyed(
        cls, data: bytes, key_of: Callable[[bytes], str] | None, origin: Origin | None = None
    ) -> OutgoingRecord:
        """The record with the key that `key_of` returns, or a digest if it returns none or fails.

        The same bytes always get the same key. Data too large to send is not parsed.
        """
        key: object = None
        if key_of is not None and len(data) <= LARGEST_RECORD_BYTES:
            # Whatever error the events' code raises, the record is still sent, and judged later.
            with suppress(Exception, SystemExit):
                key = key_of(data)
        return cls.with_key(data, key, origin)

    @classmethod
    def with_key(cls, data: bytes, key: object, origin: Origin | None = None) -> OutgoingRecord:
        """The record with this key, or with a digest if the key is invalid."""
        if isinstance(key, str) and key and _encodable(key):
            return cls(data, key[:MAX_PARTITION_KEY_CHARACTERS], origin)
        return cls(data, blake2b(data, digest_size=16).hexdigest(), origin, has_key=False)

    @property
    def size(self) -> int:
        """The bytes that Kinesis counts: the data and the partition key in UTF-8."""
        return len(self.data) + len(self.partition_key.encode())


def _encodable(text: str) -> bool:
    # Half of a surrogate pair, which JSON may escape and UTF-8 can't carry.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
