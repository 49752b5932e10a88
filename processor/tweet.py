"""A record's bytes as an item of the table; both shapes of tweet become the same attributes."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, NoReturn, TypedDict

from processor.errors import Reason, Rejected
from processor.timestamps import to_utc

# DynamoDB, "Service, account, and table quotas": an item's size is that of its attribute names
# and values in UTF-8.
MAX_ITEM_BYTES = 400 * 1024
MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024

# A v1.1 stream carries more than tweets: {"delete": ...}, {"limit": ...}, {"warning": ...}.
_MARKS_OF_V1 = frozenset({"created_at", "full_text", "id", "id_str", "text", "user"})


class StringAttribute(TypedDict):
    """A string as DynamoDB's wire format has it."""

    S: str


class Item(TypedDict):
    """An item of EventData, ready for the wire; its key is Username and Id."""

    Username: StringAttribute
    Id: StringAttribute
    Timestamp: StringAttribute
    Message: StringAttribute


class _Found(NamedTuple):
    """What a shape of tweet offers for an item; None is what it lacks."""

    username: str | None
    id: str | None
    created_at: str | None
    text: str | None


def to_item(data: bytes) -> Item:
    """Make the item for one tweet, v1.1 or v2; raises Rejected for what can never be stored."""
    tweet = _decode(data)
    found = _from_v2(tweet) if isinstance(tweet.get("data"), dict) else _from_v1(tweet)
    if found.id is None:
        raise Rejected(Reason.NO_ID, "the tweet has no id")
    if found.username is None:
        raise Rejected(Reason.NO_AUTHOR, "the tweet has neither an author's name nor id")
    if found.text is None:
        raise Rejected(Reason.NO_TEXT, "the tweet has no text")
    item: Item = {
        "Username": {"S": found.username},
        "Id": {"S": found.id},
        "Timestamp": {"S": _timestamp(found.created_at)},
        "Message": {"S": found.text},
    }
    _check_sizes(item)
    return item


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Made once: json.loads builds a decoder at each call that passes an option.
_parse = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _decode(data: bytes) -> dict[str, Any]:
    """Decode a JSON object; where a key occurs twice, the last one counts."""
    try:
        tweet = _parse(data.decode().removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise Rejected(Reason.NOT_UTF_8, f"{error.reason} at byte {error.start}") from error
    except ValueError as error:
        # Also what Python raises for an integer of more than 4,300 digits.
        raise Rejected(Reason.NOT_JSON, str(error)) from error
    except RecursionError as error:
        raise Rejected(Reason.NOT_JSON, "nested too deeply") from error
    if not isinstance(tweet, dict):
        raise Rejected(Reason.NOT_A_TWEET, "not a JSON object")
    return tweet


def _from_v1(tweet: dict[str, Any]) -> _Found:
    if _MARKS_OF_V1.isdisjoint(tweet):
        raise Rejected(Reason.NOT_A_TWEET, "neither a v1.1 nor a v2 tweet")
    user = _object(tweet, "user")
    extended = _object(tweet, "extended_tweet")
    return _Found(
        username=_filled(user, "name")
        or _filled(user, "screen_name")
        or _identifier(user, "id_str")
        or _identifier(user, "id"),
        id=_identifier(tweet, "id_str") or _identifier(tweet, "id"),
        created_at=_string(tweet, "created_at"),
        text=_first_text((extended, "full_text"), (tweet, "full_text"), (tweet, "text")),
    )


def _from_v2(tweet: dict[str, Any]) -> _Found:
    data = tweet["data"]
    author_id = _identifier(data, "author_id")
    author = _included_user(tweet, author_id) if author_id is not None else {}
    return _Found(
        username=_filled(author, "name") or _filled(author, "username") or author_id,
        id=_identifier(data, "id"),
        created_at=_string(data, "created_at"),
        text=_first_text((_object(data, "note_tweet"), "text"), (data, "text")),
    )


def _included_user(tweet: dict[str, Any], user_id: str) -> dict[str, Any]:
    users = _object(tweet, "includes").get("users")
    if isinstance(users, list):
        for user in users:
            if isinstance(user, dict) and _identifier(user, "id") == user_id:
                return user
    return {}


def _object(parent: dict[str, Any], key: str) -> dict[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _string(parent: dict[str, Any], key: str) -> str | None:
    value = parent.get(key)
    return value if isinstance(value, str) else None


def _filled(parent: dict[str, Any], key: str) -> str | None:
    value = _string(parent, key)
    return value if value and not value.isspace() else None


def _identifier(parent: dict[str, Any], key: str) -> str | None:
    value = parent.get(key)
    # Not isinstance: True is an int too.
    return str(value) if type(value) is int else _filled(parent, key)


def _first_text(*places: tuple[dict[str, Any], str]) -> str | None:
    for parent, key in places:
        value = parent.get(key)
        # An empty one is a text too.
        if isinstance(value, str):
            return value
    return None


def _timestamp(created_at: str | None) -> str:
    if created_at is None:
        raise Rejected(Reason.BAD_TIMESTAMP, "the tweet has no created_at")
    try:
        return to_utc(created_at)
    except ValueError as error:
        raise Rejected(Reason.BAD_TIMESTAMP, f"created_at: {error}") from error


def _check_sizes(item: Item) -> None:
    """Raise Rejected where DynamoDB would refuse the item, and 24 others with it."""
    username = _utf8_length("Username", item["Username"]["S"])
    identifier = _utf8_length("Id", item["Id"]["S"])
    message = _utf8_length("Message", item["Message"]["S"])
    if username > MAX_PARTITION_KEY_BYTES:
        raise Rejected(Reason.KEY_TOO_LONG, f"Username has {username} bytes in UTF-8")
    if identifier > MAX_SORT_KEY_BYTES:
        raise Rejected(Reason.KEY_TOO_LONG, f"Id has {identifier} bytes in UTF-8")
    timestamp = len(item["Timestamp"]["S"])
    size = len("UsernameIdTimestampMessage") + username + identifier + timestamp + message
    if size > MAX_ITEM_BYTES:
        raise Rejected(Reason.ITEM_TOO_LARGE, f"the item has {size} bytes")


def _utf8_length(attribute: str, value: str) -> int:
    try:
        return len(value.encode())
    except UnicodeEncodeError as error:
        # JSON may carry half of a surrogate pair ("\ud800"); UTF-8 can't.
        raise Rejected(Reason.NOT_UNICODE, f"{attribute} holds a lone surrogate") from error
