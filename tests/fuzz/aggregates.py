"""Aggregated records: written in all ways protobuf allows and some it doesn't, and read naively.

Like the naive reading of tweets, this shares no code with the processor.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from hashlib import md5
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.fuzz.payloads import Draws

MAGIC = b"\xf3\x89\x9a\xc2"
_MOST_RECORDS = 10_000
_MOST_FIELDS = 40_000
_LONGEST_KEY = 256  # characters


class Inside(NamedTuple):
    """One record of an aggregate."""

    partition_key: str
    data: bytes


def sealed(message: bytes) -> bytes:
    """A message as an aggregate, whatever it says."""
    return MAGIC + message + md5(message, usedforsecurity=False).digest()


def number_field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def fixed_field(number: int, value: bytes) -> bytes:
    """A number of four or eight bytes."""
    return _varint(number << 3 | {4: 5, 8: 1}[len(value)]) + value


def aggregate(parts: Sequence[bytes], key: str = "ana") -> bytes:
    """An aggregate as the Kinesis Producer Library writes it, all of one partition key."""
    records = [bytes_field(3, number_field(1, 0) + bytes_field(3, part)) for part in parts]
    return sealed(bytes_field(1, key.encode()) + b"".join(records))


def odd_aggregate(draws: Draws, parts: Sequence[bytes]) -> bytes:
    """An aggregate of these parts, unusual or invalid."""
    fields = [_odd_record(draws, part) for part in parts]
    keys = [draws.ConsumeUnicode(4) for _ in range(draws.ConsumeIntInRange(0, 3))]
    fields += [bytes_field(1, key.encode(errors="surrogatepass")) for key in ["k", *keys]]
    fields += [_odd_field(draws) for _ in range(draws.ConsumeIntInRange(0, 2))]
    turn = draws.ConsumeIntInRange(0, len(fields) - 1)
    message = b"".join(fields[turn:] + fields[:turn])
    at, few = draws.ConsumeIntInRange(0, len(message)), draws.ConsumeBytes(3)
    match draws.ConsumeIntInRange(0, 15):
        case 0:
            return sealed(message[:at] + few + message[at + 3 :])
        case 1:
            return sealed(message[:at])
        case 2:
            whole = sealed(message)
            return whole[:at] + few + whole[at + 3 :]
        case 3:
            return sealed(message)[:at]
        case _:
            return sealed(message)


def _odd_record(draws: Draws, data: bytes) -> bytes:
    fields = [bytes_field(3, data), number_field(1, 0)]
    for _ in range(draws.ConsumeIntInRange(0, 2)):
        fields.append(_odd_field(draws))
    if draws.ConsumeIntInRange(0, 15) == 15:
        del fields[draws.ConsumeIntInRange(0, len(fields) - 1)]
    if draws.ConsumeIntInRange(0, 1):
        fields.reverse()
    return bytes_field(3, b"".join(fields))


def _odd_field(draws: Draws) -> bytes:
    number = draws.ConsumeIntInRange(0, 20)
    match draws.ConsumeIntInRange(0, 7):
        case 0 | 1 | 2:
            return number_field(number, draws.ConsumeIntInRange(0, 3))
        case 3 | 4:
            return bytes_field(number, draws.ConsumeBytes(draws.ConsumeIntInRange(0, 4)))
        case 5:
            return fixed_field(number, draws.ConsumeBytes(4).ljust(4, b"\0"))
        case 6:
            return fixed_field(number, draws.ConsumeBytes(8).ljust(8, b"\0"))
        case _:
            return number_field(number, 2 ** draws.ConsumeIntInRange(0, 80))


def _varint(value: int) -> bytes:
    low, rest = value % 128, value // 128
    return bytes([low + 128]) + _varint(rest) if rest else bytes([low])


def inside(data: bytes) -> list[Inside] | None:
    """What is in an aggregate; nothing in a broken one, and None of what is none."""
    if data[:4] != MAGIC or sealed(data[4:-16]) != data:
        return None
    try:
        fields = _fields(data[4:-16])
        keys = [str(value, "utf-8") for kind, value in fields if kind == "1 bytes"]
        records = [dict(_fields(value)) for kind, value in fields if kind == "3 bytes"]
        found = [
            Inside(keys[int(str(record["1 number"], "ascii"))], record["3 bytes"])
            for record in records
        ]
    except (EOFError, LookupError, ValueError):
        return []
    fits = len(found) <= _MOST_RECORDS and all(len(key) <= _LONGEST_KEY for key in keys)
    return found if fits else []


def _fields(message: bytes) -> list[tuple[str, bytes]]:
    """Fields by number and kind; numbers as decimal digits. Raises EOFError and ValueError."""
    stream, found = io.BytesIO(message), list[tuple[str, bytes]]()
    while stream.tell() < len(message):
        if len(found) == _MOST_FIELDS:
            raise ValueError("too many fields")
        number, wire_type = divmod(_read_varint(stream), 8)
        if number == 0 or wire_type not in (0, 1, 2, 5):
            raise ValueError(number, wire_type)
        if wire_type == 0:
            found.append((f"{number} number", b"%d" % _read_varint(stream)))
            continue
        length = {1: 8, 5: 4}[wire_type] if wire_type != 2 else _read_varint(stream)
        if length > len(message):
            raise EOFError
        kind = "bytes" if wire_type == 2 else "fixed"
        found.append((f"{number} {kind}", _read(stream, length)))
    return found


def _read_varint(stream: io.BytesIO) -> int:
    groups = [*_read(stream, 1)]
    while groups[-1] >= 128:
        groups += _read(stream, 1)
    if len(groups) > 10:
        raise ValueError(groups)
    return sum(group % 128 * 128**place for place, group in enumerate(groups))


def _read(stream: io.BytesIO, count: int) -> bytes:
    read = stream.read(count)
    if len(read) < count:
        raise EOFError
    return read
