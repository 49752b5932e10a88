"""What all operations share: the caller, the stream that a request names, and its status."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import random
from typing import Any, NamedTuple

from ..settings import number
from ..streams import Shard, Stream, Streams
from .details import Details, details_of
from .errors import in_use, invalid, not_found
from .metrics import StreamMetrics

Request = dict[str, Any]
Answer = dict[str, Any]


class Caller(NamedTuple):
    """The account that a call is made for, and where."""

    account: str
    region: str
    partition: str = "aws"

    def arn_of(self, stream_name: str) -> str:
        """The ARN of the caller's own stream of this name."""
        prefix = f"arn:{self.partition}:kinesis:{self.region}:{self.account}"
        return f"{prefix}:stream/{stream_name}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What users can set with LocalStack's own variables."""

    latency: float = 0.0  # seconds that a stream stays in a transitional state
    shard_limit: int = 500
    on_demand_limit: int = 50
    error_probability: Callable[[], float] = lambda: 0.0

    @classmethod
    def of(cls, environ: Mapping[str, str], error_probability: Callable[[], float]) -> Settings:
        """The settings in the variables that LocalStack reads, with AWS's limits by default."""

        def limit(name: str) -> int:
            return int(min(number(name, environ), 10**9))  # it may be Infinity

        return cls(
            latency=number("KINESIS_LATENCY", environ) / 1000,
            shard_limit=limit("KINESIS_SHARD_LIMIT"),
            on_demand_limit=limit("KINESIS_ON_DEMAND_STREAM_COUNT_LIMIT"),
            error_probability=error_probability,
        )


@dataclass
class Kinesis:
    """The streams, and what else the operations need."""

    streams: Streams
    settings: Settings = field(default_factory=Settings)
    metrics: StreamMetrics = field(default_factory=StreamMetrics)
    clock: Callable[[], float] = time.time
    chance: Callable[[], float] = random
    leaving: dict[str, tuple[Stream, float]] = field(default_factory=dict)
    """Deleted streams that are still shown, and until when."""
    subscriptions: dict[tuple[str, str], Any] = field(default_factory=dict)
    """The latest subscription, by consumer ARN and shard ID."""
    commitments: dict[tuple[str, str], str] = field(default_factory=dict)
    """Commitments to a minimum throughput, by account and region."""
    is_stopping: bool = False

    def find(self, caller: Caller, request: Request) -> Stream:
        """The stream that a request gives by name or ARN; raises KinesisError."""
        return self.at(self.arn_in(caller, request))

    def arn_in(self, caller: Caller, request: Request) -> str:
        """The ARN of the stream that a request names."""
        arn, name = request.get("StreamARN"), request.get("StreamName")
        if arn is None:
            if name is None:
                raise invalid("Either StreamName or StreamARN should be provided.")
            return caller.arn_of(str(name))
        if name is not None and str(arn).rpartition("/")[2] != name:
            raise invalid(f"StreamARN {arn} and StreamName {name} name different streams.")
        return str(arn)

    def at(self, arn: str) -> Stream:
        """The stream with this ARN, even while it is being deleted; raises KinesisError."""
        stream = self.streams.find(arn)
        if stream is None:
            stream, until = self.leaving.get(arn, (None, 0.0))
            if stream is None or not self.is_before(until):
                self.leaving.pop(arn, None)
                raise not_found(missing(arn))
        return stream

    def usable(self, caller: Caller, request: Request) -> Stream:
        """The stream of a request, unless it is being created or deleted; raises KinesisError."""
        stream = self.find(caller, request)
        if self.status_of(stream) in ("CREATING", "DELETING"):
            raise not_found(missing(stream.arn))
        return stream

    def active(self, caller: Caller, request: Request) -> Stream:
        """The stream of a request, which must be ACTIVE; raises KinesisError."""
        stream = self.find(caller, request)
        status = self.status_of(stream)
        if status != "ACTIVE":
            raise in_use(
                f"Stream {stream.name} under account {account_in(stream.arn)} not ACTIVE,"
                f" instead in state {status}"
            )
        return stream

    def status_of(self, stream: Stream) -> str:
        """A stream's current status."""
        if stream.is_deleted:
            return "DELETING"
        details = details_of(stream)
        return details["status"] if self.is_before(details["busy_until"]) else "ACTIVE"

    def occupy(self, details: Details, status: str = "UPDATING") -> None:
        """Put a stream into a transitional state that lasts as long as `latency`."""
        details["status"], details["busy_until"] = status, self.soon()

    def soon(self) -> float:
        """When a transitional state that begins now will end."""
        return self.clock() + self.settings.latency

    def is_before(self, until: float) -> bool:
        """Whether a transitional state still lasts; setting the clock back doesn't prolong it."""
        left = until - self.clock()
        return left > 0 and round(left, 3) <= self.settings.latency

    def seen_by(self, caller: Caller) -> list[Stream]:
        """The caller's streams, sorted by name, including those being deleted."""
        prefix = caller.arn_of("")
        leaving = [
            stream
            for arn, (stream, until) in list(self.leaving.items())
            if arn.startswith(prefix) and self.is_before(until)
        ]
        here = self.streams.of(caller.account, caller.region)
        return sorted([*here, *leaving], key=lambda stream: stream.name)

    def forget(self, account: str | None) -> None:
        """Delete all streams, or only those of one account."""
        self.streams.clear(account)
        for arn in list(self.leaving):
            if account in (None, account_in(arn)):
                self.leaving.pop(arn, None)
        for owner in list(self.commitments):
            if account in (None, owner[0]):
                self.commitments.pop(owner, None)


def account_in(arn: str) -> str:
    """The account that an ARN names."""
    return arn.split(":")[4]


def missing(arn: str) -> str:
    """AWS's message about a stream that doesn't exist."""
    name = arn.partition("stream/")[2]
    return f"Stream {name} under account {account_in(arn)} not found."


def shard_in(stream: Stream, shard_id: str) -> Shard:
    """A stream's shard; as on AWS, its number is enough. Raises KinesisError."""
    number = shard_id.rpartition("-")[2]
    if number.isascii() and number.isdecimal():
        shard = stream.shards.get(f"shardId-{int(number):012d}")
        if shard is not None:
            return shard
    raise not_found(
        f"Could not find shard {shard_id} in stream {stream.name}"
        f" under account {account_in(stream.arn)}."
    )
