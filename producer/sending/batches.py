"""Records in hand, and what is sent as one Kinesis record: a record, or a group of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from producer.outgoing import OutgoingRecord
from producer.sending.aggregation import PAYLOAD_UNIT, PER_AGGREGATE, PER_RECORD, aggregated

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef as Entry


class Held:
    """A record that was read and is not dealt with yet; times are the clock's.

    `number` counts the records read, and `start` is the offset to read the record from again.
    `unanswered` says that a call with the record got no answer, so that it may have arrived.
    `unsendable` is the error code of a record that no further try can deliver. `wire` is the bytes
    that Kinesis counts.
    """

    __slots__ = (
        "_hash",
        "attempts",
        "number",
        "record",
        "since",
        "size",
        "start",
        "unanswered",
        "unsendable",
        "wire",
    )

    count = 1

    def __init__(
        self, record: OutgoingRecord, size: int, since: float, number: int = 0, start: int = 0
    ) -> None:
        self.record = record
        self.size = self.wire = size
        self.since = since
        self.number = number
        self.start = start
        self.attempts = 0
        self.unanswered = False
        self.unsendable = ""
        self._hash: int | None = None

    def entry(self) -> Entry:
        """The entry for PutRecords."""
        return {"Data": self.record.data, "PartitionKey": self.record.partition_key}

    @property
    def hash_key(self) -> int:
        """The hash key, which decides the shard."""
        if self._hash is None:
            digest = hashlib.md5(self.record.partition_key.encode(), usedforsecurity=False)
            self._hash = int.from_bytes(digest.digest())
        return self._hash

    @property
    def members(self) -> Sequence[Held]:
        """The records themselves."""
        return (self,)


class Group:
    """Records that travel in one Kinesis record, and stay together until they are dealt with.

    `wire` is at least the bytes that Kinesis counts, `size` those of the records.
    """

    __slots__ = ("attempts", "hash_key", "members", "since", "size", "unanswered", "wire")

    def __init__(self, *, hash_key: int) -> None:
        self.members: list[Held] = []
        self.hash_key = hash_key
        self.size = 0
        self.wire = PER_AGGREGATE
        self.since = 0.0
        self.attempts = 0
        self.unanswered = False

    @property
    def count(self) -> int:
        """How many records it holds."""
        return len(self.members)

    @property
    def number(self) -> int:
        """The number of its oldest record."""
        return self.members[0].number

    @property
    def start(self) -> int:
        """The offset in the source to read all of its records from again."""
        return self.members[0].start

    def add(self, held: Held) -> bool:
        """Add a record; False if that would take another payload unit."""
        wire = self.wire + held.size + PER_RECORD
        if self.members and wire > PAYLOAD_UNIT:
            return False
        if not self.members:
            self.since = held.since
        self.members.append(held)
        self.size += held.size
        self.wire = wire
        return True

    def entry(self) -> Entry:
        """The entry for PutRecords."""
        hash_key = str(self.hash_key)
        return {
            "Data": aggregated([held.record for held in self.members], hash_key=hash_key),
            # An explicit hash key overrides it; an emulator that ignores that key uses this one.
            "PartitionKey": hash_key,
            "ExplicitHashKey": hash_key,
        }


Parcel = Held | Group
"""What is sent as one Kinesis record."""

Batch = list[Parcel]
"""What is sent in one call."""


def records_of(parcels: Iterable[Parcel]) -> list[Held]:
    """The records in the parcels, each marked if a call with it got no answer."""
    records: list[Held] = []
    for parcel in parcels:
        for held in parcel.members:
            held.unanswered |= parcel.unanswered
            records.append(held)
    return records
