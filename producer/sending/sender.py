"""Makes one call to Kinesis with the parcels of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from producer.sending.answer import Answer
from producer.sending.batches import Batch
from producer.sending.kinesis import put_records

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends batches to one stream; usable from several threads."""

    client: KinesisClient
    stream: str

    def send(self, batch: Batch, *, patience: float = 1.0) -> Answer:
        """Send the batch in one call.

        Waits for the answer `patience` times as long as the client is configured to.

        Raises RecordRejected when a parcel makes the call invalid, DeliveryError when no call can
        succeed.
        """
        entries = [parcel.entry() for parcel in batch]
        return put_records(self.client, self.stream, entries, patience=patience)
