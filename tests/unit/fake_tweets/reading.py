"""What a consumer reads out of a payload of either shape, told apart by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple


class Read(NamedTuple):
    """A tweet as JSON has it; `name` and `screen_name` are the author's."""

    id: str
    created_at: datetime
    name: str
    screen_name: str
    text: str
    lang: str


def read(data: bytes) -> Read:
    """Read a payload that holds a tweet."""
    tweet: dict[str, Any] = json.loads(data)
    return _read_v2(tweet) if "data" in tweet else _read_v1(tweet)


def shape(data: bytes) -> str:
    """The shape of a payload that holds a tweet."""
    return "v2" if "data" in json.loads(data) else "v1"


def _read_v1(tweet: dict[str, Any]) -> Read:
    assert str(tweet["id"]) == tweet["id_str"]
    user = tweet["user"]
    whole = tweet["extended_tweet"]["full_text"] if tweet["truncated"] else tweet["text"]
    created_at = datetime.strptime(tweet["created_at"], "%a %b %d %H:%M:%S %z %Y")
    return Read(
        tweet["id_str"], created_at, user["name"], user["screen_name"], whole, tweet["lang"]
    )


def _read_v2(payload: dict[str, Any]) -> Read:
    tweet = payload["data"]
    [user] = [user for user in payload["includes"]["users"] if user["id"] == tweet["author_id"]]
    whole = tweet["note_tweet"]["text"] if "note_tweet" in tweet else tweet["text"]
    created_at = datetime.strptime(tweet["created_at"], "%Y-%m-%dT%H:%M:%S.000Z")
    return Read(
        tweet["id"],
        created_at.replace(tzinfo=UTC),
        user["name"],
        user["username"],
        whole,
        tweet["lang"],
    )
