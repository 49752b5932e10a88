"""What can be wrong with a call; each error's arguments are what AWS's message about it names.

StreamsError
├── StreamExistsError
├── NoSuchStreamError       also for a stream that has been deleted meanwhile
├── NoSuchShardError        also for one that has disappeared with its last record
├── ShardClosedError        can't be split or merged any more
├── ShardsNotAdjacentError  can't be merged
├── HashKeyError            not one that this can be done with
├── SequenceNumberError     not a number of this shard
├── FutureTimestampError    a position in time that is yet to come
├── RecordSizeError         data and partition key are larger than the stream allows
└── ReadLimitError          the shard gives no more at this moment
"""

from __future__ import annotations


class StreamsError(Exception):
    """Root of this package's errors."""


class StreamExistsError(StreamsError):
    """An account has one stream of a name in a region."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"There is a stream {arn} already")
        self.arn = arn


class NoSuchStreamError(StreamsError):
    """There is no such stream, or no longer."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"There is no stream {arn}")
        self.arn = arn


class NoSuchShardError(StreamsError):
    """The stream has no such shard, or no longer."""

    def __init__(self, shard_id: str) -> None:
        super().__init__(f"There is no shard {shard_id}")
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
    """An explicit hash key, or the one to split at, is out of its range."""

    def __init__(self, value: int) -> None:
        super().__init__(f"Hash key {value} is out of range")
        self.value = value


class SequenceNumberError(StreamsError):
    """Not a sequence number, or none of this shard."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number!r} is no sequence number of this shard")
        self.number = number


class FutureTimestampError(StreamsError):
    """Reading can't start in the future."""

    def __init__(self, timestamp: float, now: float) -> None:
        super().__init__(f"{timestamp} is later than the present {now}")
        self.timestamp, self.now = timestamp, now


class RecordSizeError(StreamsError):
    """Data and partition key of one record, counted from 0, are larger than the stream allows."""

    def __init__(self, index: int, size: int) -> None:
        super().__init__(f"Record {index} has {size} bytes")
        self.index, self.size = index, size


class ReadLimitError(StreamsError):
    """The shard has been read from as often, or as much, as it can be at this moment."""

    def __init__(self, shard_id: str) -> None:
        super().__init__(f"Shard {shard_id} gives no more at this moment")
        self.shard_id = shard_id
