"""Turns a tweet into a record of the stream."""

from __future__ import annotations

from producer.outgoing import MAX_PARTITION_KEY_CHARACTERS, Origin, OutgoingRecord
from tweets.partition import author_of


def record(content: object, data: bytes, origin: Origin | None = None) -> OutgoingRecord:
    """The record of a parsed tweet, with its author as the partition key."""
    author = author_of(content)
    if author is None:
        return OutgoingRecord.with_key(data, None, origin)
    return OutgoingRecord(data, author[:MAX_PARTITION_KEY_CHARACTERS], origin)
