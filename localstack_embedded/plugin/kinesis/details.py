"""What Kinesis stores about a stream besides its records."""

from __future__ import annotations

from typing import TypedDict, cast

from ..streams import Stream

PROVISIONED, ON_DEMAND = "PROVISIONED", "ON_DEMAND"


class Consumer(TypedDict):
    """A registered consumer; until `busy_until`, it is being created or deleted."""

    name: str
    arn: str
    created: float
    status: str
    busy_until: float
    tags: dict[str, str]
    policy: str | None


class Details(TypedDict):
    """Saved with the stream; times are in seconds since 1970."""

    mode: str
    status: str
    busy_until: float
    tags: dict[str, str]
    policy: str | None
    key_id: str | None
    metrics: list[str]
    warm_throughput: int | None
    resized: list[float]
    switched: list[float]
    consumers: dict[str, Consumer]


def new_details(mode: str, tags: dict[str, str], warm_throughput: int | None) -> Details:
    """The details of a new stream."""
    return Details(
        mode=mode,
        status="CREATING",
        busy_until=0.0,
        tags=tags,
        policy=None,
        key_id=None,
        metrics=[],
        warm_throughput=warm_throughput,
        resized=[],
        switched=[],
        consumers={},
    )


def details_of(stream: Stream) -> Details:
    """A stream's details."""
    return cast(Details, stream.details)
