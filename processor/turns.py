"""Whose turn it is: what tells a batch that was never tried from one that ends the function."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from processor.lambda_event import arrival, shard_id, stream_arn

if TYPE_CHECKING:
    from processor.lambda_event import KinesisRecord


class Turns:
    """What this process has done of each shard; a process that dies has done nothing."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, str], tuple[float, float]] = {}

    def finish(self, last: KinesisRecord, now: float) -> None:
        """Note that a batch is done, by its last record."""
        self._done[_shard(last)] = arrival(last) or 0.0, now

    def waiting(self, first: KinesisRecord, now: float) -> float:
        """Seconds for which a batch, by its first record, may have been handed over in vain.

        That is since the record came, or since the batch before it was done: in a backlog, each
        batch waits for its turn. Where a later one is done already, this one had its turn.
        """
        came = arrival(first) or 0.0
        newest, when = self._done.get(_shard(first), (inf, 0.0))
        return now - (max(came, when) if came >= newest else came)


def _shard(record: KinesisRecord) -> tuple[str, str]:
    return stream_arn(record), shard_id(record)
