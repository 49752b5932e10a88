"""Makes moto's Kinesis fit for streams of more than some thousand records.

For each record that is put, moto lists all that the shard holds to find the newest one's number,
and for each read it walks through them from the oldest on.
"""

from __future__ import annotations

from typing import Any

from moto.kinesis.models import Shard


def speed_up() -> None:
    """Replace the two operations by what they mean."""
    Shard.get_max_sequence_number = _newest
    Shard.get_records = _records_after


def _newest(shard: Any) -> int:
    return next(reversed(shard.records), 0)


def _records_after(
    shard: Any, last_sequence_id: str, limit: int | None
) -> tuple[list[Any], int, int]:
    """Records after a number, the number of the last of these, and how far it is behind, in ms."""
    records = shard.records
    last = int(last_sequence_id)
    # A shard numbers its records 1, 2, 3, ...
    number = max(last + 1, next(iter(records), 1))
    found: list[Any] = []
    while len(found) != limit and (record := records.get(number)) is not None:
        found.append(record)
        number += 1
    if not found:
        return [], last, 0
    behind = records[_newest(shard)].created_at - found[-1].created_at
    return found, number - 1, int(behind * 1000)
