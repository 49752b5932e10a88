"""The shards of the stub of Kinesis, with the limits of real shards."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

SHARD_RECORDS = 1000
SHARD_BYTES = 1024 * 1024
"""A shard's limits per second; Kinesis developer guide, quotas."""
BURST = 1.0
"""Seconds of unused capacity that a shard saves up. AWS publishes no figure; its limits are per
second, and its Kinesis Producer Library assumes a bucket of one second."""
WINDOW = 5.0
"""Seconds for which a rate must last to count as steady."""
STEADY = 0.9

_HASH_KEYS = 1 << 128
_SLICE = 0.1  # seconds
_MOST = 0.85
# As many digits as AWS's sequence numbers have; they grow within a shard.
_SEQUENCE = 49 * 10**54


@dataclass(slots=True)
class Shard:
    """A shard from the first to the last of its hash keys: token buckets of records and bytes."""

    number: int
    first: int
    last: int
    share: float
    at: float
    records: float = 0.0
    bytes: float = 0.0
    taken_records: int = 0
    taken_bytes: int = 0

    def __post_init__(self) -> None:
        self.records = BURST * SHARD_RECORDS * self.share
        self.bytes = BURST * SHARD_BYTES * self.share

    @property
    def id(self) -> str:
        return f"shardId-{self.number:012}"

    def takes(self, size: int, now: float) -> bool:
        passed, self.at = (now - self.at) * self.share, now
        most = BURST * self.share
        self.records = min(self.records + passed * SHARD_RECORDS, most * SHARD_RECORDS)
        self.bytes = min(self.bytes + passed * SHARD_BYTES, most * SHARD_BYTES)
        if self.records < 1 or self.bytes < size:
            return False
        self.records -= 1
        self.bytes -= size
        self.taken_records += 1
        self.taken_bytes += size
        return True

    @property
    def seconds(self) -> float:
        """Return the least time that the shard needs for what it took beyond its saved capacity."""
        needed = max(self.taken_records / SHARD_RECORDS, self.taken_bytes / SHARD_BYTES)
        return max(needed / self.share - BURST, 0.0)


@dataclass(slots=True)
class Shards:
    """All shards of a stream; `share` of each is left by other producers.

    `seconds_taken` is from the first call to the last accepted record.
    """

    count: int
    share: float
    began: float
    seconds_taken: float = 0.0
    all: list[Shard] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)
    _sequence: Iterator[int] = field(default_factory=lambda: itertools.count(_SEQUENCE))
    _slices: Counter[int] = field(default_factory=Counter)
    _first_refusal: float | None = None

    def __post_init__(self) -> None:
        for number in range(self.count):
            first, end = (_HASH_KEYS * n // self.count for n in (number, number + 1))
            self.all.append(Shard(number, first, end - 1, self.share, self.began))

    def put(self, entry: Mapping[str, str], now: float) -> tuple[Shard, str | None]:
        """Return the entry's shard, and its sequence number if it was accepted."""
        key = entry["PartitionKey"]
        size = len(entry["Data"]) * 3 // 4 - entry["Data"][-2:].count("=") + len(key.encode())
        shard = self.all[self._place(key, entry.get("ExplicitHashKey"))]
        if not shard.takes(size, now):
            if self._first_refusal is None:
                self._first_refusal = now
            return shard, None
        self._slices[int((now - self.began) / _SLICE)] += size
        self.seconds_taken = now - self.began
        return shard, f"{next(self._sequence)}"

    def split(self, now: float) -> None:
        """Replace each shard with two halves, as an update of the shard count does."""
        number = itertools.count(1 + max(shard.number for shard in self.all))
        halves = []
        for shard in self.all:
            middle = (shard.first + shard.last) // 2
            halves.append(Shard(next(number), shard.first, middle, self.share, now))
            halves.append(Shard(next(number), middle + 1, shard.last, self.share, now))
        self.all = halves
        self._places.clear()

    def listed(self) -> list[dict[str, object]]:
        """Return the open shards in the form of ListShards and DescribeStream."""
        return [
            {
                "ShardId": shard.id,
                "HashKeyRange": {
                    "StartingHashKey": str(shard.first),
                    "EndingHashKey": str(shard.last),
                },
                "SequenceNumberRange": {"StartingSequenceNumber": str(_SEQUENCE)},
            }
            for shard in self.all
        ]

    def seconds_by_keys(self) -> float:
        """Return the least time that the fullest shard needs, given the keys."""
        return max(shard.seconds for shard in self.all)

    def seconds_if_even(self) -> float:
        """Return the least time that all shards would need with evenly spread keys."""
        records = sum(shard.taken_records for shard in self.all) / SHARD_RECORDS
        size = sum(shard.taken_bytes for shard in self.all) / SHARD_BYTES
        return max(max(records, size) / len(self.all) / self.share - BURST, 0.0)

    def seconds_to_steady(self) -> float:
        """Return the seconds from the first refusal until each WINDOW reaches STEADY; -1 for never.

        STEADY is a share of the limits in bytes. The end is left out: shards finish one by one.
        """
        if self._first_refusal is None:
            return 0.0
        width = round(WINDOW / _SLICE)
        wanted = STEADY * WINDOW * SHARD_BYTES * self.share * len(self.all)
        first = int((self._first_refusal - self.began) / _SLICE)
        left = _MOST * self._slices.total()
        last = 0
        while left > 0:
            left -= self._slices[last]
            last += 1
        low = [
            start
            for start in range(first, last - width)
            if sum(self._slices[start + n] for n in range(width)) < wanted
        ]
        if not low:
            return 0.0
        return -1.0 if low[-1] >= last - width - 1 else (low[-1] + 1 - first) * _SLICE

    def _place(self, key: str, hash_key: str | None) -> int:
        named = hash_key or key
        if named not in self._places:
            if len(self._places) > 100_000:
                self._places.clear()
            hashed = int(hash_key) if hash_key else int(hashlib.md5(key.encode()).hexdigest(), 16)
            self._places[named] = next(
                place for place, shard in enumerate(self.all) if hashed <= shard.last
            )
        return self._places[named]
