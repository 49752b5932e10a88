"""Several records in one, in the format of the Kinesis Producer Library (KPL).

Kinesis bills a provisioned stream by the record, in steps of 25 KB, and takes no more than 1,000
records a second in a shard. A record that packs as many events as fit in one step costs no more
than a single event.

    magic number, protobuf message, MD5 of the message

    AggregatedRecord { repeated string partition_key_table     = 1;
                       repeated string explicit_hash_key_table = 2;
                       repeated Record records                 = 3; }
    Record           { required uint64 partition_key_index     = 1;
                       optional uint64 explicit_hash_key_index = 2;
                       required bytes  data                    = 3; }
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache

from producer.outgoing import OutgoingRecord

PAYLOAD_UNIT = 25_000
"""Bytes billed as one PUT payload unit; AWS writes 25 KB, and that 1 MB has 40 of them."""

_MAGIC = b"\xf3\x89\x9a\xc2"
_HASH_KEYS = 1 << 128
# Any step would give each hash key the same chance. Multiples of this one, the golden ratio, are
# evenly spread, so that shards get similar numbers of a call's records, whatever their number.
_STEP = 0.6180339887498949

# The most that a record can add to its data and partition key, and an aggregate to its records:
# tags, lengths and indexes; magic number, MD5, and the hash key in the table and beside the data.
PER_RECORD = 17
PER_AGGREGATE = 4 + 16 + 2 * 39 + 2


def hash_keys(*, start: float) -> Iterator[int]:
    """Explicit hash keys, spread evenly over all shards; `start`, 0 to 1, sets the first."""
    for n in itertools.count():
        yield int((start + n * _STEP) % 1.0 * _HASH_KEYS)


def aggregated(records: Sequence[OutgoingRecord], *, hash_key: str) -> bytes:
    """The data of one Kinesis record that contains the records.

    Each record carries the explicit hash key of the Kinesis record: consumers built on AWS's
    library drop records whose key belongs to another shard.
    """
    indexes: dict[str, int] = {}
    parts: list[bytes] = []
    for data, key, _, _ in records:
        index = _varint(indexes.setdefault(key, len(indexes)))
        size = _varint(len(data))
        length = _varint(4 + len(index) + len(size) + len(data))
        parts += (b"\x1a%b\x08%b\x10\x00\x1a%b" % (length, index, size), data)
    tables = [_text(b"\x0a", key) for key in indexes]
    tables.append(_text(b"\x12", hash_key))
    message = b"".join(tables + parts)
    return b"".join((_MAGIC, message, hashlib.md5(message, usedforsecurity=False).digest()))


def _text(tag: bytes, text: str) -> bytes:
    encoded = text.encode()
    return tag + _varint(len(encoded)) + encoded


@lru_cache(maxsize=8192)  # lengths and indexes come again and again
def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; all bytes but the last have their eighth bit set."""
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
