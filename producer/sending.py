"""One call to Kinesis with the parcels of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from producer.aggregation import aggregated
from producer.answer import Answer
from producer.batches import Batch, Group, Parcel
from producer.kinesis import entry_of, put_records

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef as Entry


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends batches to one stream; usable from several threads."""

    client: KinesisClient
    stream: str

    def send(self, batch: Batch, *, patience: float = 1.0) -> Answer:
        """Send the batch in one call.

        The answer is waited for `patience` times as long as the client says.

        Raises RecordRejected when a parcel makes the call invalid, DeliveryError when no call can
        succeed.
        """
        entries = [_entry_of(parcel) for parcel in batch]
        return put_records(self.client, self.stream, entries, patience=patience)


def _entry_of(parcel: Parcel) -> Entry:
    if not isinstance(parcel, Group):
        return entry_of(parcel.record)
    hash_key = str(parcel.hash_key)
    return {
        "Data": aggregated([held.record for held in parcel.members], hash_key=hash_key),
        # It decides nothing beside an explicit hash key; should that be ignored, it does as well.
        "PartitionKey": hash_key,
        "ExplicitHashKey": hash_key,
    }
