"""The event that Lambda passes to a function: records of one shard, as JSON.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from functools import partial

from .interfaces import Batch, Record, Window

# ASCII only, so that characters are bytes and a partition key may have a lone surrogate.
to_json = partial(json.dumps, separators=(",", ":"))


class Events:
    """Makes the events of one mapping."""

    def __init__(self, source_arn: str, role_arn: str) -> None:
        """The source is the stream or, with enhanced fan-out, the consumer."""
        self._source_arn = source_arn
        self._end_of_record = (
            f'","eventName":"aws:kinesis:record","invokeIdentityArn":{to_json(role_arn)}'
            f',"awsRegion":"{source_arn.split(":")[3]}","eventSourceARN":{to_json(source_arn)}}}'
        )
        self._fixed_size = len("," + self._record("shardId-000000000000", "", "", "", ""))

    def size(self, record: Record) -> int:
        """How many bytes a record takes in an event's JSON."""
        return (
            self._fixed_size
            + 2 * len(record.sequence_number)
            + len(to_json(record.partition_key))
            + (len(record.data) + 2) // 3 * 4
            + len(_arrival(record))
        )

    def of(self, batch: Batch) -> bytes:
        """The event as JSON."""
        records = ",".join(
            self._record(
                batch.shard_id,
                record.sequence_number,
                to_json(record.partition_key),
                b64encode(record.data).decode("ascii"),
                _arrival(record),
            )
            for record in batch.records
        )
        window = "" if batch.window is None else self._window(batch.shard_id, batch.window)
        return f'{{"Records":[{records}]{window}}}'.encode("ascii")

    def _record(self, shard_id: str, number: str, key: str, data: str, arrival: str) -> str:
        return (
            f'{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":{key}'
            f',"sequenceNumber":"{number}","data":"{data}"'
            f',"approximateArrivalTimestamp":{arrival}}},"eventSource":"aws:kinesis"'
            f',"eventVersion":"1.0","eventID":"{shard_id}:{number}{self._end_of_record}'
        )

    def _window(self, shard_id: str, window: Window) -> str:
        fields = {
            "window": {"start": _second(window.start), "end": _second(window.end)},
            "state": window.state,
            "shardId": shard_id,
            "eventSourceARN": self._source_arn,
            "isFinalInvokeForWindow": window.is_final,
            "isWindowTerminatedEarly": window.is_terminated_early,
        }
        return "," + to_json(fields)[1:-1]


def _arrival(record: Record) -> str:
    return repr(round(record.arrived, 3))


def _second(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
