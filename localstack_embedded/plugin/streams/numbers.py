"""Sequence numbers as AWS makes them: 56 decimal digits, which are these 47 hexadecimal ones.

    1   2, the version
    9   the second in which the shard was created, since 1970
    1   the shard's last digit
    16  the record's count
    2   0
    9   the second in which the record arrived
    8   the shard
    1   2 again

A shard's records are counted from 1. The count is 0 in its starting number, and the largest
possible one in its ending number. So numbers grow over a shard's life, and from a shard to its
children, which are created in a later second.
"""

from __future__ import annotations

from typing import NamedTuple

from .errors import SequenceNumberError

START = -1
"""The position in a shard's starting number; its records have positions from 0 on."""
END = 2**63 - 2
"""The position in a closed shard's ending number."""

POSITION_UNIT = 1 << 4 * 20
SECOND_UNIT = 1 << 4 * 9

_DIGITS = 47
_VERSION = 2


class Parts(NamedTuple):
    """What a sequence number says."""

    created: int
    shard: int
    position: int
    second: int


def base_of(created: int, shard: int) -> int:
    """A shard's starting number, without the second."""
    return int(f"{_VERSION}{created:09x}{shard & 0xF:x}{0:027x}{shard:08x}{_VERSION}", 16)


def number_of(base: int, position: int, second: int) -> str:
    """The sequence number at a position in the shard with this base."""
    return str(base + (position + 1) * POSITION_UNIT + second * SECOND_UNIT)


def parts_of(number: str) -> Parts:
    """Take a number apart; raises SequenceNumberError if it can't be one."""
    if not (number.isascii() and number.isdigit() and len(number) <= 56):
        raise SequenceNumberError(number)
    digits = f"{int(number):x}"
    if not (len(digits) == _DIGITS and digits[0] == digits[-1] == str(_VERSION)):
        raise SequenceNumberError(number)
    shard, position = int(digits[38:46], 16), int(digits[11:27], 16) - 1
    if int(digits[10], 16) != shard & 0xF or position > END:
        raise SequenceNumberError(number)
    return Parts(int(digits[1:10], 16), shard, position, int(digits[29:38], 16))
