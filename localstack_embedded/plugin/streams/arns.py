"""The ARNs of streams and of their consumers, which begin with the stream's ARN."""

from __future__ import annotations

_CONSUMER = "/consumer/"


def is_of_consumer(arn: str) -> bool:
    """Whether an ARN is that of a consumer."""
    return _CONSUMER in arn


def of_stream(arn: str) -> str:
    """The stream's ARN, given that of the stream or of a consumer."""
    return arn.partition(_CONSUMER)[0]


def consumer_name(arn: str) -> str:
    """The name in a consumer's ARN; empty for a stream's."""
    return arn.partition(_CONSUMER)[2].partition(":")[0]
