"""Records of a stream for the tests of the mapping."""

from __future__ import annotations

from dataclasses import dataclass

ARRIVED = 1_545_084_650.987


@dataclass(frozen=True)
class StoredRecord:
    """A record that a shard holds."""

    data: bytes = b"Hello"
    partition_key: str | None = "1"
    arrived: float = ARRIVED
    sequence_number: str = "49590338271490256608559692538361571095921575989136588898"
