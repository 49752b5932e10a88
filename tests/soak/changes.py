"""Changes to a stream and its mapping during a run: split and merged shards, and pauses."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import TYPE_CHECKING

from tests.waiting import wait_for

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import ShardTypeDef

    from tweetpipe.aws.place import Place
    from tweetpipe.aws.stack import Stack

_FEWEST, _MOST = 2, 8  # open shards


class Changes:
    """Makes a change at each call, and `counts` them."""

    def __init__(self, place: Place, stack: Stack, *, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._kinesis = place.kinesis()
        self._lambda = place.lambda_()
        self._stream = stack.outputs["KinesisStream"]
        self._function = stack.outputs["DDBEventProcessor"]
        self._chance = random.Random(seed)

    def reshard(self) -> None:
        """Split a shard in the middle, or merge two neighbors."""
        shards = self._open_shards()
        if len(shards) <= _FEWEST or (len(shards) < _MOST and self._chance.random() < 0.5):
            shard = self._chance.choice(shards)
            start, end = _hash_range(shard)
            self._kinesis.split_shard(
                StreamName=self._stream,
                ShardToSplit=shard["ShardId"],
                NewStartingHashKey=str((start + end) // 2),
            )
            self.counts["shard split"] += 1
        else:
            first = self._chance.randrange(len(shards) - 1)
            self._kinesis.merge_shards(
                StreamName=self._stream,
                ShardToMerge=shards[first]["ShardId"],
                AdjacentShardToMerge=shards[first + 1]["ShardId"],
            )
            self.counts["shards merged"] += 1

    def pause_mapping(self) -> None:
        """Disable the event source mapping for some seconds."""
        [mapping] = self._lambda.list_event_source_mappings(FunctionName=self._function)[
            "EventSourceMappings"
        ]
        self._enable(mapping["UUID"], False)
        threading.Event().wait(self._chance.uniform(1, 4))
        self._enable(mapping["UUID"], True)
        self.counts["mapping paused"] += 1

    def _enable(self, uuid: str, is_enabled: bool) -> None:
        wanted = "Enabled" if is_enabled else "Disabled"
        self._lambda.update_event_source_mapping(UUID=uuid, Enabled=is_enabled)
        wait_for(
            lambda: self._lambda.get_event_source_mapping(UUID=uuid)["State"] == wanted,
            f"a mapping that is {wanted}",
        )

    def _open_shards(self) -> list[ShardTypeDef]:
        pages = self._kinesis.get_paginator("list_shards").paginate(StreamName=self._stream)
        shards = [shard for page in pages for shard in page["Shards"]]
        is_open = [s for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        return sorted(is_open, key=_hash_range)


def _hash_range(shard: ShardTypeDef) -> tuple[int, int]:
    keys = shard["HashKeyRange"]
    return int(keys["StartingHashKey"]), int(keys["EndingHashKey"])
