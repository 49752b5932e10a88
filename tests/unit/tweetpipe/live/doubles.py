"""A stack in memory, with the AWS calls of the collector, and faults on demand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.tweets import to_item
from tests.unit.tweetpipe.stubs import session
from tweetpipe.aws.place import LOCAL_REGION, Place, Target

TABLE = "tweets-EventData"
OUTPUTS = {
    "KinesisStream": "stream",
    "DDBEventProcessor": "tweets-DDBEventProcessor",
    "EventDataTable": TABLE,
    "DeadLetterQueueUrl": "http://queue",
}


class Clock:
    """A clock that tests move."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def tweet(number: int, *, author: str = "Ada", text: str = "hello") -> bytes:
    """A tweet as a record of the stream."""
    return json.dumps(
        {
            "id_str": str(number),
            "created_at": "Wed Oct 10 20:19:24 +0000 2018",
            "text": text,
            "user": {"name": author, "screen_name": "ada"},
        }
    ).encode()


def refused(code: str, operation: str = "Operation", *, saying: str = "no") -> ClientError:
    """An answer that is an error of this code."""
    return ClientError({"Error": {"Code": code, "Message": saying}}, operation)


@dataclass
class FakeStack:
    """The services' state; `down` makes every call fail, `failing` the calls of an operation."""

    clock: Clock
    id: str = "arn:1"
    down: bool = False
    deployed: bool = True
    failing: dict[str, Exception] = field(default_factory=dict)
    records: dict[str, list[tuple[float, bytes]]] = field(
        default_factory=lambda: {"shard-0": [], "shard-1": []}
    )
    stored: set[tuple[str, str]] = field(default_factory=set)
    log: list[tuple[float, str]] = field(default_factory=list)
    letters: int = 0
    mapping: str = "Enabled"
    last_result: str = "No records processed"
    concurrency: int | None = None
    measured: dict[str, list[float]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def put(self, data: bytes, *, shard: str = "shard-0", ago: float = 0.0) -> None:
        """A record that came `ago` seconds before now."""
        self.records[shard].append((self.clock.now - ago, data))

    def store(self, data: bytes) -> None:
        """The function stores a record."""
        item = to_item(data)
        self.stored.add((item["Username"]["S"], item["Id"]["S"]))

    def batch(self, **counts: int) -> None:
        """The function says that it has processed a batch."""
        self.log.append((self.clock.now, json.dumps({"message": "batch processed", **counts})))

    def answer(self, operation: str, **request: Any) -> Any:
        self.calls.append((operation, request))
        if self.down:
            raise EndpointConnectionError(endpoint_url="http://localhost:4566")
        if operation in self.failing:
            raise self.failing[operation]
        return getattr(self, f"_{operation}")(**request)

    def count(self, operation: str) -> int:
        """How often this operation was called."""
        return sum(name == operation for name, _ in self.calls)

    def _describe_stacks(self, StackName: str) -> Any:
        if not self.deployed:
            raise refused("ValidationError", "DescribeStacks", saying="does not exist")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()]
        described = {"StackName": StackName, "StackId": self.id, "StackStatus": "CREATE_COMPLETE"}
        return {"Stacks": [described | {"Outputs": outputs}]}

    def _list_shards(self, StreamName: str) -> Any:
        return {"Shards": [{"ShardId": name} for name in self.records]}

    def _get_shard_iterator(self, StreamName: str, ShardId: str, ShardIteratorType: str) -> Any:
        assert ShardIteratorType == "LATEST"
        return {"ShardIterator": f"{ShardId}@{len(self.records[ShardId])}"}

    def _get_records(self, ShardIterator: str, Limit: int) -> Any:
        shard, _, position = ShardIterator.partition("@")
        start = int(position)
        records = self.records[shard][start : start + Limit]
        end = start + len(records)
        newest = self.records[shard][-1][0] if self.records[shard] else 0.0
        return {
            "Records": [
                {
                    "SequenceNumber": str(start + n),
                    "ApproximateArrivalTimestamp": datetime.fromtimestamp(arrived, UTC),
                    "Data": data,
                }
                for n, (arrived, data) in enumerate(records)
            ],
            "NextShardIterator": f"{shard}@{end}",
            "MillisBehindLatest": int((newest - records[-1][0]) * 1000) if records else 0,
        }

    def _batch_get_item(self, RequestItems: Any) -> Any:
        keys = RequestItems[TABLE]["Keys"]
        assert 0 < len(keys) <= 100
        found = [key for key in keys if (key["Username"]["S"], key["Id"]["S"]) in self.stored]
        return {"Responses": {TABLE: found}}

    def _describe_table(self, TableName: str) -> Any:
        return {"Table": {"ItemCount": len(self.stored)}}

    def _filter_log_events(
        self,
        logGroupName: str,
        startTime: int,
        limit: int,
        interleaved: bool,
        filterPattern: str = "",
    ) -> Any:
        assert interleaved
        events = [
            {"eventId": str(n), "timestamp": int(at * 1000), "message": line}
            for n, (at, line) in sorted(enumerate(self.log), key=lambda entry: entry[1][0])
            if int(at * 1000) >= startTime
        ]
        return {"events": events[:limit]}

    def _list_event_source_mappings(self, FunctionName: str) -> Any:
        arn = "arn:aws:lambda:us-east-1:000000000000:function:"
        # LocalStack also lists the mappings of functions whose names end the same.
        other = {"State": "Disabled", "FunctionArn": f"{arn}other-{FunctionName}"}
        mapping = {
            "State": self.mapping,
            "LastProcessingResult": self.last_result,
            "FunctionArn": f"{arn}{FunctionName}",
        }
        return {"EventSourceMappings": [other, mapping] if self.mapping else [other]}

    def _get_function_concurrency(self, FunctionName: str) -> Any:
        reserved = {"ReservedConcurrentExecutions": self.concurrency}
        return {} if self.concurrency is None else reserved

    def _describe_stream_summary(self, StreamName: str) -> Any:
        summary = {"StreamStatus": "ACTIVE", "OpenShardCount": len(self.records)}
        return {"StreamDescriptionSummary": summary}

    def _get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> Any:
        return {
            "Attributes": dict.fromkeys(AttributeNames, "0")
            | {AttributeNames[0]: str(self.letters)}
        }

    def _get_metric_data(self, *, EndTime: datetime, **_: Any) -> Any:
        return {
            "MetricDataResults": [
                {
                    "Id": name,
                    "Values": values,
                    "Timestamps": [EndTime - timedelta(minutes=n) for n, _ in enumerate(values, 1)],
                }
                for name, values in self.measured.items()
            ]
        }


class _Events:
    def __init__(self) -> None:
        self.handlers: list[Callable[..., None]] = []

    def register(self, name: str, handler: Callable[..., None]) -> None:
        assert name == "before-send"
        self.handlers.append(handler)


class _Client:
    """Answers each operation from the stack, and emits botocore's events."""

    def __init__(self, stack: FakeStack) -> None:
        self._stack = stack
        self.meta = SimpleNamespace(events=_Events())
        self.exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            for handler in self.meta.events.handlers:
                handler(request=None)
            return self._stack.answer(operation, **request)

        return call


@dataclass(frozen=True, kw_only=True)
class FakePlace(Place):
    """A place whose services are a FakeStack."""

    stack: FakeStack

    def _client(self, service: str, config: Config | None = None) -> Any:
        return _Client(self.stack)


def fake_place(stack: FakeStack, target: Target = Target.LOCAL) -> FakePlace:
    """The place of the stack; without an endpoint, so that no check calls it."""
    return FakePlace(
        target=target, session=session(), endpoint=None, region=LOCAL_REGION, stack=stack
    )
