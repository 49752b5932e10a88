"""Calls of Kinesis operations as LocalStack makes them, at a time that the tests set."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader

from localstack_embedded.plugin.kinesis.errors import KinesisError
from localstack_embedded.plugin.kinesis.operations import Operations
from localstack_embedded.plugin.kinesis.service import Caller, Kinesis, Settings
from localstack_embedded.plugin.kinesis.shapes import Shapes
from localstack_embedded.plugin.streams import Streams

ACCOUNT = "000000000000"
NOON = 1_800_000_000.0
HIGHEST = 2**128 - 1


@cache
def shapes() -> Shapes:
    """Kinesis' shapes; loading the model takes a moment."""
    return Shapes(Loader().load_service_model("kinesis", "service-2"))


def arn(stream_name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:kinesis:us-east-1:{account}:stream/{stream_name}"


@dataclass
class Calls:
    """An account that makes calls; `now` stands still until it is changed."""

    settings: Settings = field(default_factory=Settings)
    has_limits: bool = False
    now: float = NOON
    account: str = ACCOUNT
    chance: float = 1.0

    def __post_init__(self) -> None:
        streams = Streams(clock=lambda: self.now, has_limits=self.has_limits)
        self.kinesis = Kinesis(
            streams, self.settings, clock=lambda: self.now, chance=lambda: self.chance
        )
        self.operations = Operations(self.kinesis, shapes())

    def __call__(self, operation: str, **arguments: Any) -> Any:
        """The answer to a call."""
        caller = Caller(self.account, "us-east-1")
        return self.operations.answer(operation, caller, arguments)

    def refused(self, operation: str, **arguments: Any) -> tuple[str, str]:
        """The code and the message that a call is refused with."""
        with pytest.raises(KinesisError) as caught:
            self(operation, **arguments)
        return caught.value.code, caught.value.message

    def stream(self, name: str = "tweets", count: int = 1, **arguments: Any) -> str:
        """Make a stream, and return its ARN."""
        self("CreateStream", StreamName=name, ShardCount=count, **arguments)
        return arn(name, self.account)

    def shards(self, name: str = "tweets", **arguments: Any) -> list[Any]:
        """A stream's shards."""
        found: list[Any] = self("ListShards", StreamName=name, **arguments)["Shards"]
        return found

    def put(self, *data: bytes, name: str = "tweets", key: str = "key") -> list[Any]:
        """Put records, and return the result for each."""
        records = [{"Data": one, "PartitionKey": key} for one in data]
        answers: list[Any] = self("PutRecords", StreamName=name, Records=records)["Records"]
        return answers

    def iterator(self, shard_id: str = "shardId-000000000000", **arguments: Any) -> str:
        """A shard iterator; TRIM_HORIZON unless another type is given."""
        arguments = {"StreamName": "tweets", "ShardIteratorType": "TRIM_HORIZON", **arguments}
        return str(self("GetShardIterator", ShardId=shard_id, **arguments)["ShardIterator"])

    def read(self, shard_id: str = "shardId-000000000000", **arguments: Any) -> list[bytes]:
        """The data of the records at an iterator."""
        answer = self("GetRecords", ShardIterator=self.iterator(shard_id, **arguments))
        return [record["Data"] for record in answer["Records"]]
