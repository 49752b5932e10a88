"""The streams of this process, which the event source mapping reads as well."""

from __future__ import annotations

import os

from ..streams import Stream, Streams

STREAMS = Streams(has_limits=os.environ.get("KINESIS_SHARD_LIMITS") == "1")

_CONSUMER = "/consumer/"


def stream_of(arn: str) -> Stream | None:
    """The stream with this ARN, or the one of the consumer with this ARN."""
    return STREAMS.find(arn.partition(_CONSUMER)[0])
