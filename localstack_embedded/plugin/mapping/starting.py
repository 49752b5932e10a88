"""Where to start reading a stream's shards.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

import logging

from ..streams import FutureTimestampError, SequenceNumberError, Shard, StartingPosition, Stream
from ..streams.numbers import number_of
from .interfaces import Checkpoint
from .settings import Settings

LOG = logging.getLogger(__name__)

_OLDEST = StartingPosition("TRIM_HORIZON")
_LATEST = StartingPosition("LATEST")


def checkpoints_at_start(settings: Settings, stream: Stream) -> dict[str, Checkpoint]:
    """The checkpoints of a new mapping; shards created later are read from their start."""
    if settings.starting_position == "LATEST":
        start = _LATEST
    elif settings.starting_position == "AT_TIMESTAMP":
        start = StartingPosition("AT_TIMESTAMP", timestamp=settings.starting_timestamp or 0.0)
    else:
        return {shard_id: Checkpoint() for shard_id in stream.shards}
    return {
        shard.id: Checkpoint(_number_before(shard, _position_of(stream, shard.id, start)))
        for shard in stream.shards.values()
    }


def position_after(stream: Stream, shard_id: str, checkpoints: dict[str, Checkpoint]) -> int:
    """The position of the first record that may not be done."""
    checkpoint = checkpoints.get(shard_id, Checkpoint())
    if checkpoint.open:
        start = StartingPosition("AT_SEQUENCE_NUMBER", checkpoint.open[0])
    elif checkpoint.done:
        start = StartingPosition("AFTER_SEQUENCE_NUMBER", checkpoint.done)
    else:
        start = _OLDEST
    try:
        return stream.position_of(shard_id, start)
    except SequenceNumberError:
        LOG.warning(
            "%s is read from its start: its checkpoint belongs to another stream.", shard_id
        )
        checkpoints[shard_id] = Checkpoint()
        return stream.position_of(shard_id, _OLDEST)


def _position_of(stream: Stream, shard_id: str, start: StartingPosition) -> int:
    try:
        return stream.position_of(shard_id, start)
    except FutureTimestampError:  # The timestamp comes from a clock that is slightly ahead.
        return stream.position_of(shard_id, _LATEST)


def _number_before(shard: Shard, position: int) -> str:
    """A number after which the record at this position is the next one."""
    return number_of(shard.base, position - 1, shard.created)
