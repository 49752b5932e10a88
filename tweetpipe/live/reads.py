"""Limits our own reads: how often each service is called, counted at the HTTP requests.

Watching must not affect the stack. The bounds prevent slowing down the function and causing cost:

    a shard answers five GetRecords calls and 2 MB a second, the function's own reads included
    (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html)
    a key that BatchGetItem looks for takes half a read unit, and a PROVISIONED table may have five
    FilterLogEvents is allowed five times a second in an account and region
    CloudWatch's metrics cost a cent per thousand asked for
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config

from tweetpipe.aws.place import Place
from tweetpipe.live.snapshot import Reads

_WINDOW = 10.0  # seconds that a rate is taken over

# No retries: the next round reads again.
_IMPATIENT = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often each part is read, in seconds, and how much of it at a time."""

    interval: float  # the stream, and a snapshot
    check: float  # the table, for the events that are awaited
    count: float  # the number of items
    log: float
    queue: float
    mapping: float
    metrics: float
    shards: int  # looked at in one round
    records: int  # of a shard, in one round
    samples: int  # of these that are awaited in the table
    keys: int  # looked for in the table at a time
    limits: Mapping[str, float]  # calls a second, by service

    @classmethod
    def at(cls, place: Place, interval: float | None = None) -> Pace:
        """The pace for an emulator or AWS; raises ValueError if the interval is too short."""
        fastest = 1.0 if place.is_local else 2.0
        interval = fastest if interval is None else interval
        if interval < fastest:
            raise ValueError(f"the interval must be at least {fastest:g} seconds")
        return _local(interval) if place.is_local else _on_aws(interval)


def _local(interval: float) -> Pace:
    return Pace(
        interval=interval,
        check=0.25,
        count=1,
        log=2,
        queue=2,
        mapping=5,
        metrics=5,
        shards=8,
        records=100,
        samples=50,
        keys=100,
        limits={
            "kinesis": 20,
            "dynamodb": 6,
            "sqs": 1,
            "logs": 1,
            "lambda": 0.5,
            "cloudwatch": 0.5,
            "cloudformation": 1,
        },
    )


def _on_aws(interval: float) -> Pace:
    return Pace(
        interval=interval,
        check=1,
        count=60,
        log=5,
        queue=10,
        mapping=30,
        metrics=60,
        shards=4,
        records=100,
        samples=8,
        keys=8,
        limits={
            "kinesis": 5,
            "dynamodb": 1.5,
            "sqs": 0.2,
            "logs": 0.4,
            "lambda": 0.2,
            "cloudwatch": 0.1,
            "cloudformation": 0.5,
        },
    )


class ReadMeter:
    """Counts calls, and decides when one more would be too many."""

    def __init__(
        self, limits: Mapping[str, float], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}

    def allows(self, service: str) -> bool:
        """Whether a call stays within the bound, averaged over ten seconds."""
        # One call is always allowed: some bounds are below one call in that time.
        return len(self._recent(service)) < max(1.0, self._limits.get(service, 0) * _WINDOW)

    def count(self, service: str) -> None:
        """Count a call."""
        self._recent(service).append(self._clock())

    def reads(self) -> Reads:
        """The calls of the last ten seconds, and the bounds."""
        return Reads(
            per_s={name: len(self._recent(name)) / _WINDOW for name in self._limits},
            limit_per_s=dict(self._limits),
        )

    def _recent(self, service: str) -> deque[float]:
        calls = self._calls.setdefault(service, deque())
        while calls and calls[0] <= self._clock() - _WINDOW:
            calls.popleft()
        return calls


@dataclass(frozen=True, kw_only=True)
class MeteredPlace(Place):
    """The same place, with cached clients that count their requests and give up soon.

    Patient clients retry, for commands that read only once.
    """

    inner: Place
    meter: ReadMeter
    patient: bool = False
    clients: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, place: Place, meter: ReadMeter, *, patient: bool = False) -> MeteredPlace:
        return cls(
            target=place.target,
            session=place.session,
            endpoint=place.address,
            region=place.region,
            inner=place,
            meter=meter,
            patient=patient,
        )

    def _client(self, service: str, config: Config | None = None) -> Any:
        if service not in self.clients:
            client = self.inner._client(service, None if self.patient else _IMPATIENT)

            def count(**_: object) -> None:
                self.meter.count(service)

            # Counts each HTTP request; one call may take several.
            client.meta.events.register("before-send", count)
            self.clients[service] = client
        return self.clients[service]
