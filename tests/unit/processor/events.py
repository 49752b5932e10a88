"""Tweets in both shapes, and Kinesis events that carry them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processor.lambda_event import KinesisEvent, KinesisRecord

STREAM_ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
SHARD = "shardId-000000000003"
# AWS's sequence numbers have 56 digits and start with 49.
FIRST_SEQUENCE_NUMBER = 49_545_115_243_490_985_018_280_067_714_973_144_582_180_062_593_244_200_961


def v1_tweet(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A v1.1 tweet; `changes` replace its fields."""
    return {
        "created_at": "Wed Oct 10 20:19:24 +0000 2018",
        "id": number,
        "id_str": str(number),
        "text": f"Tweet {number} \N{SNOWMAN}",
        "user": {"id_str": "7", "name": "Ana Example", "screen_name": "ana"},
    } | changes


def v2_tweet(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A v2 stream item; `changes` replace fields of its `data`."""
    data = {
        "id": str(number),
        "created_at": "2018-10-10T20:19:24.123Z",
        "text": f"Tweet {number} \N{SNOWMAN}",
        "author_id": "8",
    }
    users = [
        {"id": "9", "name": "Somebody Else", "username": "else"},
        {"id": "8", "name": "Ben Example", "username": "ben"},
    ]
    return {"data": data | changes, "includes": {"users": users}}


def encode(tweet: object) -> bytes:
    """A tweet as a record's data."""
    return json.dumps(tweet, ensure_ascii=False).encode()


def kinesis_record(
    data: bytes, index: int = 0, *, sequence_number: int | None = None
) -> KinesisRecord:
    """The record at an index of the shard."""
    number = str(FIRST_SEQUENCE_NUMBER + index if sequence_number is None else sequence_number)
    return {
        "eventID": f"{SHARD}:{number}",
        "eventSourceARN": STREAM_ARN,
        "kinesis": {
            "sequenceNumber": number,
            "partitionKey": "ana",
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": 1_545_084_650.987,
        },
    }


def kinesis_records(payloads: Iterable[bytes]) -> list[KinesisRecord]:
    """Records with ascending sequence numbers."""
    return [kinesis_record(data, index) for index, data in enumerate(payloads)]


def kinesis_event(payloads: Iterable[bytes]) -> KinesisEvent:
    """The event for a batch."""
    return {"Records": kinesis_records(payloads)}
