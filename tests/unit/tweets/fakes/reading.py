"""Reads payloads as a consumer would, and detects their shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple


class Read(NamedTuple):
    """A tweet read from JSON; `name` and `screen_name` are the author's.

    `text` is the tweet's, which X may cut in a retweet; `retweeted` is the original's.
    """

    id: str
    created_at: datetime
    name: str
    screen_name: str
    text: str
    lang: str
    retweeted: Read | None

    @property
    def message(self) -> str:
        if self.retweeted is None:
            return self.text
        return f"RT @{self.retweeted.screen_name}: {self.retweeted.text}"


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
    return Read(
        tweet["id_str"],
        datetime.strptime(tweet["created_at"], "%a %b %d %H:%M:%S %z %Y"),
        user["name"],
        user["screen_name"],
        tweet["extended_tweet"]["full_text"] if tweet["truncated"] else tweet["text"],
        tweet["lang"],
        _read_v1(tweet["retweeted_status"]) if "retweeted_status" in tweet else None,
    )


def _read_v2(payload: dict[str, Any]) -> Read:
    tweet, includes = payload["data"], payload["includes"]
    [user] = [user for user in includes["users"] if user["id"] == tweet["author_id"]]
    created_at = datetime.strptime(tweet["created_at"], "%Y-%m-%dT%H:%M:%S.000Z")
    retweeted = [
        _read_v2({"data": other, "includes": includes})
        for reference in tweet.get("referenced_tweets", ())
        for other in includes["tweets"]
        if reference == {"type": "retweeted", "id": other["id"]}
    ]
    return Read(
        tweet["id"],
        created_at.replace(tzinfo=UTC),
        user["name"],
        user["username"],
        tweet["note_tweet"]["text"] if "note_tweet" in tweet else tweet["text"],
        tweet["lang"],
        retweeted[0] if retweeted else None,
    )
