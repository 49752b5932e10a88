"""A model of Kinesis streams: shards, sequence numbers, limits, and records in files.

It imports only the standard library, so it works without LocalStack:

    streams = Streams()
    stream = streams.add("arn:aws:kinesis:us-east-1:000000000000:stream/events", shard_count=2)
    stream.put([Entry(b"data", "key")])
    stream.read("shardId-000000000000", 0)

`registry` holds the streams of a process. A `stream` is a lock around its `shards`, which
`resharding` splits and merges. A `shard` has a `log` of its records: the newest in memory, the
others in `segments` on disk, as many as `disk` allows. `keeping` stores what outlasts the process.
`numbers` makes sequence numbers from positions and takes them apart. `limits` has a shard's read
and write limits.
"""

from .errors import (
    FutureTimestampError,
    HashKeyError,
    NoSuchShardError,
    NoSuchStreamError,
    ReadLimitError,
    RecordSizeError,
    SequenceNumberError,
    ShardClosedError,
    ShardsNotAdjacentError,
    StreamExistsError,
    StreamsError,
)
from .record import Accepted, Entry, Read, Record, Refused, StartingPosition
from .registry import Streams
from .shard import MAX_HASH_KEY, Shard
from .stream import Stream

__all__ = [
    "MAX_HASH_KEY",
    "Accepted",
    "Entry",
    "FutureTimestampError",
    "HashKeyError",
    "NoSuchShardError",
    "NoSuchStreamError",
    "Read",
    "ReadLimitError",
    "Record",
    "RecordSizeError",
    "Refused",
    "SequenceNumberError",
    "Shard",
    "ShardClosedError",
    "ShardsNotAdjacentError",
    "StartingPosition",
    "Stream",
    "StreamExistsError",
    "Streams",
    "StreamsError",
]
