"""Kinesis metrics: stream-level, and shard-level where that is turned on.

https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..streams import Accepted, Entry, Read, Record, Refused, Stream
from .details import details_of

NAMESPACE = "AWS/Kinesis"


@dataclass(frozen=True)
class StreamMetrics:
    """Records what calls did; `add` is `Metrics.add`."""

    add: Callable[..., object] = lambda *_, **__: None

    def put(
        self,
        stream: Stream,
        operation: str,
        entries: Sequence[Entry],
        answers: Sequence[Accepted | Refused],
    ) -> None:
        """Count the accepted and refused records of one call."""
        taken: dict[str, list[int]] = {}
        refused: dict[str, int] = {}
        for entry, answer in zip(entries, answers, strict=True):
            if isinstance(answer, Accepted):
                size = len(entry.data) + len((entry.partition_key or "").encode())
                taken.setdefault(answer.shard_id, []).append(size)
            else:
                refused[answer.shard_id] = refused.get(answer.shard_id, 0) + 1
        count = sum(map(len, taken.values()))
        size = sum(map(sum, taken.values()))
        failed = sum(refused.values())
        self._of_stream(stream, "IncomingRecords", count)
        self._of_stream(stream, "IncomingBytes", size, "Bytes")
        self._of_stream(stream, "WriteProvisionedThroughputExceeded", failed)
        self._of_stream(stream, f"{operation}.Bytes", size, "Bytes")
        self._of_stream(stream, f"{operation}.Success", int(count > 0))
        if operation == "PutRecords":
            self._of_stream(stream, "PutRecords.TotalRecords", len(entries))
            self._of_stream(stream, "PutRecords.SuccessfulRecords", count)
            self._of_stream(stream, "PutRecords.FailedRecords", 0)
            self._of_stream(stream, "PutRecords.ThrottledRecords", failed)
        for shard_id, sizes in taken.items():
            self._of_shard(stream, shard_id, "IncomingRecords", len(sizes))
            self._of_shard(stream, shard_id, "IncomingBytes", sum(sizes), "Bytes")
        for shard_id, number in refused.items():
            self._of_shard(stream, shard_id, "WriteProvisionedThroughputExceeded", number)

    def read(self, stream: Stream, shard_id: str, read: Read) -> None:
        """Count what one GetRecords call returned."""
        size = _size(read.records)
        self._of_stream(stream, "GetRecords.Success", 1)
        self._of_stream(stream, "GetRecords.Records", len(read.records))
        self._of_stream(stream, "GetRecords.Bytes", size, "Bytes")
        age = ("IteratorAgeMilliseconds", read.behind_ms, "Milliseconds")
        self._of_stream(stream, f"GetRecords.{age[0]}", *age[1:])
        self._of_stream(stream, "ReadProvisionedThroughputExceeded", 0)
        self._of_shard(stream, shard_id, "OutgoingRecords", len(read.records))
        self._of_shard(stream, shard_id, "OutgoingBytes", size, "Bytes")
        self._of_shard(stream, shard_id, *age)

    def refused_read(self, stream: Stream, shard_id: str) -> None:
        """Count a GetRecords call that was throttled."""
        self._of_stream(stream, "GetRecords.Success", 0)
        self._of_stream(stream, "ReadProvisionedThroughputExceeded", 1)
        self._of_shard(stream, shard_id, "ReadProvisionedThroughputExceeded", 1)

    def sent(self, stream: Stream, consumer: str, read: Read) -> None:
        """Count an event that was sent to a consumer."""
        for name, value, unit in (
            ("SubscribeToShardEvent.Success", 1, "Count"),
            ("SubscribeToShardEvent.Records", len(read.records), "Count"),
            ("SubscribeToShardEvent.Bytes", _size(read.records), "Bytes"),
            ("SubscribeToShardEvent.MillisBehindLatest", read.behind_ms, "Milliseconds"),
        ):
            self._add(stream, name, value, unit, ConsumerName=consumer)

    def _of_stream(self, stream: Stream, name: str, value: float, unit: str = "Count") -> None:
        self._add(stream, name, value, unit)

    def _of_shard(
        self, stream: Stream, shard_id: str, name: str, value: float, unit: str = "Count"
    ) -> None:
        if name in details_of(stream)["metrics"]:
            self._add(stream, name, value, unit, ShardId=shard_id)

    def _add(self, stream: Stream, name: str, value: float, unit: str, **dimensions: str) -> None:
        region, account = stream.arn.split(":")[3:5]
        self.add(account, region, name, unit, value, StreamName=stream.name, **dimensions)


def _size(records: Sequence[Record]) -> int:
    return sum(len(record.data) for record in records)
