"""A record's bytes as an item of the table; all shapes of tweet become the same attributes."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypedDict

from processor.errors import Reason, Rejected
from processor.shapes import Found, found_in, is_tweet
from processor.timestamps import time_of_id, to_utc

# DynamoDB, "Service, account, and table quotas": an item's size is that of its attribute names
# and values in UTF-8.
MAX_ITEM_BYTES = 400 * 1024
MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024

# What code that is in order makes an item of. Where even this raises, the code is at fault.
EXAMPLE = (
    b'{"id_str": "1050118621198921728", "created_at": "Wed Oct 10 20:19:24 +0000 2018",'
    b' "text": "An example", "user": {"name": "Ana Example", "screen_name": "ana"}}'
)

_KINDS = {bool: "true or false", int: "a number", float: "a number", dict: "an object"}


class StringAttribute(TypedDict):
    """A string as DynamoDB's wire format has it."""

    S: str


class Item(TypedDict):
    """An item of EventData, ready for the wire; its key is Username and Id."""

    Username: StringAttribute
    Id: StringAttribute
    Timestamp: StringAttribute
    Message: StringAttribute


def to_item(data: bytes) -> Item:
    """Make the item for one tweet, v1.1 or v2; raises Rejected for what can never be stored."""
    tweet = _decode(data)
    found = found_in(tweet)
    if found.id is None or found.username is None or found.text is None:
        raise _unusable(tweet, found)
    item: Item = {
        "Username": {"S": found.username},
        "Id": {"S": found.id},
        "Timestamp": {"S": _timestamp(found.created_at, found.id)},
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


def _unusable(tweet: dict[str, Any], found: Found) -> Rejected:
    # A v1.1 stream carries more than tweets: {"delete": ...}, {"limit": ...}, {"warning": ...}.
    if not is_tweet(tweet):
        return Rejected(Reason.NOT_A_TWEET, "neither a v1.1 nor a v2 tweet")
    if found.id is None:
        return Rejected(Reason.NO_ID, "the tweet has no usable id")
    if found.username is None:
        return Rejected(Reason.NO_AUTHOR, "the tweet has no usable name or id of its author")
    return Rejected(Reason.NO_TEXT, "the tweet has no usable text")


def _timestamp(created_at: object, tweet_id: str) -> str:
    if created_at is None or (isinstance(created_at, str) and not created_at.strip()):
        moment = time_of_id(tweet_id)
        if moment is None:
            detail = "the tweet has no created_at, and its id tells no time"
            raise Rejected(Reason.BAD_TIMESTAMP, detail)
        return moment
    if not isinstance(created_at, str):
        kind = _KINDS.get(type(created_at), "an array")
        raise Rejected(Reason.BAD_TIMESTAMP, f"created_at is {kind}, not a string")
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
