"""The Kinesis Producer Library's format: several records in the data of one.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md

Four bytes that no UTF-8 text starts with, then protobuf, then the MD5 of the protobuf:

    message AggregatedRecord {
      repeated string partition_key_table     = 1;
      repeated string explicit_hash_key_table = 2;
      repeated Record records                 = 3;
    }
    message Record {
      required uint64 partition_key_index     = 1;
      optional uint64 explicit_hash_key_index = 2;
      required bytes  data                    = 3;
      repeated Tag    tags                    = 4;
    }

Parsed by hand: the protobuf library is compiled code and slow to import. Hash keys are skipped: a
record that is also in another shard after a split is stored twice, which changes nothing.
"""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, NamedTuple

from processor.errors import Reason, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16

# The limit of a batch of plain records; a megabyte of empty ones would hold 170,000.
MAX_RECORDS = 10_000
# Kinesis API reference, PutRecord. A longer key would leave no room in a dead letter's message.
MAX_KEY_CHARACTERS = 256

# A partition key, a hash key and a record for each, plus as many unknown fields. A megabyte of
# meaningless fields would hold 500,000.
_MAX_FIELDS = 4 * MAX_RECORDS

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5  # protobuf's wire types
_MAX_VARINT_BYTES = 10


class Contained(NamedTuple):
    """One record of an aggregate; the subsequence number counts them, from 0 on."""

    subsequence_number: int
    partition_key: str
    data: bytes


class _Broken(Exception):
    """The bytes are not a valid message."""


def deaggregate(data: bytes) -> list[Contained] | None:
    """The records in an aggregate, at least one; None for a plain record.

    Data without the magic number and the right MD5 is a plain record. With both, it was meant to be
    an aggregate: raises Rejected if it can't be read or is empty.
    """
    if not data.startswith(MAGIC):
        return None
    message = data[len(MAGIC) : -_DIGEST_BYTES]
    # Only a checksum, so allowed even where MD5 is disabled for security.
    if md5(message, usedforsecurity=False).digest() != data[-_DIGEST_BYTES:]:
        return None
    try:
        return _records(message)
    except _Broken as broken:
        raise Rejected(Reason.BAD_AGGREGATE, str(broken)) from broken


def _records(message: bytes) -> list[Contained]:
    keys: list[str] = []
    found: list[bytes] = []
    for number, value in _fields(message):
        if number == 1 and isinstance(value, bytes):
            keys.append(_text(value))
        elif number == 3 and isinstance(value, bytes):
            if not found:
                _record(0, value)  # before reading the rest: garbage shows in the first field
            if len(found) == MAX_RECORDS:
                raise _Broken(f"it holds more than {MAX_RECORDS} records")
            found.append(value)
    if not found:
        raise _Broken("it holds no records")
    # After reading all fields, because protobuf allows any order.
    return [_contained(place, record, keys) for place, record in enumerate(found)]


def _contained(place: int, message: bytes, keys: list[str]) -> Contained:
    key, data = _record(place, message)
    if key >= len(keys):
        raise _Broken(f"record {place} has partition key {key} of {len(keys)}")
    return Contained(place, keys[key], data)


def _record(place: int, message: bytes) -> tuple[int, bytes]:
    """The index of a record's partition key, and its data."""
    key: int | None = None
    data: bytes | None = None
    # If a field occurs twice, the last one counts.
    for number, value in _fields(message):
        if number == 1 and isinstance(value, int):
            key = value
        elif number == 3 and isinstance(value, bytes):
            data = value
    if key is None or data is None:
        raise _Broken(f"record {place} lacks its data, or its partition key")
    return key, data


def _text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise _Broken("a partition key is not UTF-8") from error
    if len(text) > MAX_KEY_CHARACTERS:
        raise _Broken(f"a partition key has {len(text)} characters")
    return text


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes | None]]:
    """The number and value of each field; None for fixed-length numbers, not used here."""
    at = count = 0
    while at < len(message):
        count += 1
        if count > _MAX_FIELDS:
            raise _Broken(f"it has more than {_MAX_FIELDS} fields")
        tag, at = _varint(message, at)
        number, wire_type = tag >> 3, tag & 7
        if not number:
            raise _Broken("a field has no number")
        if wire_type == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire_type == _LENGTH:
            length, at = _varint(message, at)
        elif wire_type in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if wire_type == _EIGHT_BYTES else 4
        else:
            raise _Broken(f"a field has wire type {wire_type}")
        end = at + length
        if end > len(message):
            raise _Broken("it ends within a field")
        yield number, message[at:end] if wire_type == _LENGTH else None
        at = end


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The varint that starts there, seven bits a byte, lowest first; and where it ends."""
    value = 0
    for shift in range(0, 7 * _MAX_VARINT_BYTES, 7):
        if at >= len(message):
            raise _Broken("it ends within a number")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _Broken("a number has too many bytes")
