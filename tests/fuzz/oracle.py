"""What must be stored of a record's bytes: the contract read a second time, naively.

It shares no code with the processor, so that no mistake of the one is excused by the other.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, NoReturn

# Python's JSON gives up at about a thousand levels, a little earlier or later by who calls it.
_DEEP = 500


def expected_item(data: bytes) -> dict[str, str] | None:
    """The attributes that must be stored, or None for what must be rejected."""
    try:
        tweet = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tweet, dict):
        return None
    item = _item_of_v2(tweet) if isinstance(tweet.get("data"), dict) else _item_of_v1(tweet)
    return item if None not in item.values() and _fits(item) else None


def may_be_either(data: bytes) -> bool:
    """Tell whether rejecting is as right as storing: that much nesting needs no support."""
    return data.count(b"[") + data.count(b"{") > _DEEP


def created_at_of(data: bytes) -> str | None:
    """The time in a tweet's bytes as it stands there, if it is a string."""
    tweet = json.loads(data.decode("utf-8-sig"))
    tweet = tweet["data"] if isinstance(tweet.get("data"), dict) else tweet
    created_at = tweet.get("created_at")
    return created_at if isinstance(created_at, str) else None


def is_as_x_writes_it(created_at: str) -> bool:
    """Tell whether a time looks exactly like X's own, so that it must never be refused."""
    moment = _moment(created_at)
    if moment is None:
        return False
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return created_at in (
        f"{plain:%a %b %d %H:%M:%S +0000 %Y}",
        f"{plain.isoformat(timespec='milliseconds')}Z",
        f"{plain.isoformat(timespec='seconds')}Z",
    )


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _item_of_v1(tweet: dict[str, Any]) -> dict[str, Any]:
    user = tweet["user"] if isinstance(tweet.get("user"), dict) else {}
    extended = tweet.get("extended_tweet")
    fullest = extended.get("full_text") if isinstance(extended, dict) else None
    return {
        "Username": _name(user.get("name"))
        or _name(user.get("screen_name"))
        or _number(user.get("id_str"))
        or _number(user.get("id")),
        "Id": _number(tweet.get("id_str")) or _number(tweet.get("id")),
        "Timestamp": _timestamp(tweet.get("created_at")),
        "Message": _text(fullest, tweet.get("full_text"), tweet.get("text")),
    }


def _item_of_v2(tweet: dict[str, Any]) -> dict[str, Any]:
    data = tweet["data"]
    author_id = _number(data.get("author_id"))
    includes = tweet.get("includes")
    users = includes.get("users") if isinstance(includes, dict) else None
    author: dict[str, Any] = {}
    for user in reversed(users if isinstance(users, list) else []):
        if isinstance(user, dict) and author_id and _number(user.get("id")) == author_id:
            author = user
    note = data.get("note_tweet")
    return {
        "Username": _name(author.get("name")) or _name(author.get("username")) or author_id,
        "Id": _number(data.get("id")),
        "Timestamp": _timestamp(data.get("created_at")),
        "Message": _text(note.get("text") if isinstance(note, dict) else None, data.get("text")),
    }


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _number(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _name(value)


def _text(*values: object) -> str | None:
    texts = [value for value in values if isinstance(value, str)]
    return texts[0] if texts else None


def _timestamp(created_at: object) -> str | None:
    """Read more forms than the processor may: what it does store must mean the same moment."""
    moment = _moment(created_at) if isinstance(created_at, str) else None
    if moment is None:
        return None
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{plain.isoformat(timespec='milliseconds')}Z"


def _moment(created_at: str) -> datetime | None:
    try:
        if created_at[:1].isdigit():
            moment = datetime.fromisoformat(created_at)
        else:
            moment = datetime.strptime(created_at, "%a %b %d %H:%M:%S %z %Y")
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


def _fits(item: dict[str, str]) -> bool:
    """DynamoDB's limits: 400 KB with the names, 2048 bytes of partition key, 1024 of sort key."""
    try:
        sizes = {name: len(value.encode()) for name, value in item.items()}
    except UnicodeEncodeError:
        return False
    total = sum(sizes.values()) + sum(len(name) for name in item)
    return total <= 400 * 1024 and sizes["Username"] <= 2048 and sizes["Id"] <= 1024
