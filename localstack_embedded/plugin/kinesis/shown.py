"""How answers show shards, records, and throughput."""

from __future__ import annotations

from collections.abc import Sequence

from ..streams import Record, Shard, Stream
from .service import Answer
from .wire import Moment


def shard_shown(shard: Shard) -> Answer:
    """A shard, as in descriptions and lists."""
    parents = dict(zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False))
    return {
        "ShardId": shard.id,
        **parents,
        "HashKeyRange": _range_shown(shard),
        "SequenceNumberRange": {
            "StartingSequenceNumber": shard.starting_sequence_number,
            "EndingSequenceNumber": shard.ending_sequence_number,
        },
    }


def children_shown(stream: Stream, shard: Shard) -> list[Answer]:
    """A shard's children, as the answer at the end of a closed shard shows them."""
    shards = stream.shards
    return [
        {
            "ShardId": child.id,
            "ParentShards": list(child.parents),
            "HashKeyRange": _range_shown(child),
        }
        for child in (shards[child_id] for child_id in shard.children if child_id in shards)
    ]


def records_shown(records: Sequence[Record], *, is_encrypted: bool) -> list[Answer]:
    """Records, as read operations return them."""
    encryption = {"EncryptionType": "KMS"} if is_encrypted else {}
    return [
        {
            "SequenceNumber": record.sequence_number,
            "ApproximateArrivalTimestamp": Moment(record.arrived),
            "Data": record.data,
            "PartitionKey": record.partition_key,
            **encryption,
        }
        for record in records
    ]


def warm_shown(throughput: int) -> Answer:
    """A stream's warm throughput."""
    return {"TargetMiBps": throughput, "CurrentMiBps": throughput}


def _range_shown(shard: Shard) -> Answer:
    return {"StartingHashKey": str(shard.start), "EndingHashKey": str(shard.end)}
