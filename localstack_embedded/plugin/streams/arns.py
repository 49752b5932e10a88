"""The ARNs of streams, and of their consumers, which begin with the stream's."""

from __future__ import annotations

_CONSUMER = "/consumer/"


def is_of_consumer(arn: str) -> bool:
    """Whether it names a consumer of a stream."""
    return _CONSUMER in arn


def of_stream(arn: str) -> str:
    """That of the stream, also of a consumer's."""
    return arn.partition(_CONSUMER)[0]


def consumer_name(arn: str) -> str:
    """The name in a consumer's; nothing in a stream's."""
    return arn.partition(_CONSUMER)[2].partition(":")[0]
