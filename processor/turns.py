"""Distinguishes a batch that was never tried from one that crashes the function."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from processor.lambda_event import arrival, shard_id, stream_arn

if TYPE_CHECKING:
    from processor.lambda_event import KinesisRecord


class Turns:
    """The batches this process has finished, by shard; a process that dies forgets them."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, str], tuple[float, float]] = {}

    def finish(self, last: KinesisRecord, now: float) -> None:
        """Note a finished batch, by its last record."""
        self._done[_shard(last)] = arrival(last) or 0.0, now

    def waiting(self, first: KinesisRecord, now: float) -> float:
        """Seconds for which a batch, identified by its first record, may have been retried without
        success.

        They count from the record's arrival, or from the end of the batch before it: in a backlog,
        each batch waits for its turn. If a later batch is already done, this one had its turn.
        """
        came = arrival(first) or 0.0
        newest, when = self._done.get(_shard(first), (inf, 0.0))
        return now - (max(came, when) if came >= newest else came)


def _shard(record: KinesisRecord) -> tuple[str, str]:
    return stream_arn(record), shard_id(record)
