"""The errors of calls; their arguments are what AWS's messages need.

StreamsError
├── StreamExistsError
├── NoSuchStreamError       also for a stream that was deleted in the meantime
├── NoSuchShardError        also for a shard that expired with its last record
├── ShardClosedError        can't be split or merged anymore
├── ShardsNotAdjacentError  can't be merged
├── HashKeyError            out of range
├── SequenceNumberError     not a number of this shard
├── FutureTimestampError    a starting position in the future
├── RecordSizeError         data and partition key are larger than the stream allows
└── ReadLimitError          the shard's read limit is used up for the moment
"""

from __future__ import annotations


class StreamsError(Exception):
    """Root of this package's errors."""


class StreamExistsError(StreamsError):
    """The account already has a stream of this name in this region."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Stream {arn} already exists")
        self.arn = arn


class NoSuchStreamError(StreamsError):
    """The stream doesn't exist, or no longer does."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Stream {arn} doesn't exist")
        self.arn = arn


class NoSuchShardError(StreamsError):
    """The stream has no such shard, or no longer does."""

    def __init__(self, shard_id: str) -> None:
        super().__init__(f"Shard {shard_id} doesn't exist")
        self.shard_id = shard_id


class ShardClosedError(StreamsError):
    """Only an open shard can be split or merged."""

    def __init__(self, shard_id: str) -> None:
        super().__init__(f"Shard {shard_id} is closed")
        self.shard_id = shard_id


class ShardsNotAdjacentError(StreamsError):
    """Only shards whose hash ranges adjoin can be merged."""

    def __init__(self, first_id: str, second_id: str) -> None:
        super().__init__(f"Shards {first_id} and {second_id} are not adjacent")
        self.first_id, self.second_id = first_id, second_id


class HashKeyError(StreamsError):
    """An explicit hash key, or the one to split at, is out of range."""

    def __init__(self, value: int) -> None:
        super().__init__(f"Hash key {value} is out of range")
        self.value = value


class SequenceNumberError(StreamsError):
    """Not a sequence number, or not one of this shard."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number!r} is not a sequence number of this shard")
        self.number = number


class FutureTimestampError(StreamsError):
    """Reading can't start in the future."""

    def __init__(self, timestamp: float, now: float) -> None:
        super().__init__(f"{timestamp} is later than the present {now}")
        self.timestamp, self.now = timestamp, now


class RecordSizeError(StreamsError):
    """A record is larger than the stream allows; `index` counts from 0, `size` includes the key."""

    def __init__(self, index: int, size: int) -> None:
        super().__init__(f"Record {index} has {size} bytes")
        self.index, self.size = index, size


class ReadLimitError(StreamsError):
    """The shard's limit of read calls or bytes is used up for the moment."""

    def __init__(self, shard_id: str) -> None:
        super().__init__(f"The read limit of shard {shard_id} is used up for the moment")
        self.shard_id = shard_id
