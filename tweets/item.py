"""Turns a record's bytes into an item; tweets of all shapes get the same attributes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypedDict

from processor.errors import Rejected
from processor.reading import json_object
from tweets.shapes import Found, found_in, is_tweet
from tweets.timestamps import time_of_id, to_utc

KEY = {"Username": "S", "Id": "S"}

EXAMPLE = (
    b'{"id_str": "1050118621198921728", "created_at": "Wed Oct 10 20:19:24 +0000 2018",'
    b' "text": "An example", "user": {"name": "Ana Example", "screen_name": "ana"}}'
)
"""A tweet that working code turns into an item. If even this raises, the code is at fault."""

_KINDS = {bool: "true or false", int: "a number", float: "a number", dict: "an object"}


class Unusable(StrEnum):
    """Why a tweet can never be stored, in addition to the reasons for any event."""

    NOT_A_TWEET = "not-a-tweet"
    NO_ID = "no-id"
    NO_AUTHOR = "no-author"
    NO_TEXT = "no-text"
    BAD_TIMESTAMP = "bad-timestamp"


class Item(TypedDict):
    """An item of EventData; its key is Username and Id."""

    Username: str
    Id: str
    Timestamp: str
    Message: str


def to_item(data: bytes) -> Item:
    """Make the item for one tweet, v1.1 or v2; raises Rejected if it can never be stored."""
    tweet = json_object(data, otherwise=Unusable.NOT_A_TWEET)
    found = found_in(tweet)
    if found.id is None or found.username is None or found.text is None:
        raise _unusable(tweet, found)
    return {
        "Username": found.username,
        "Id": found.id,
        "Timestamp": _timestamp(found.created_at, found.id),
        "Message": found.text,
    }


def _unusable(tweet: dict[str, Any], found: Found) -> Rejected:
    # A v1.1 stream has messages besides tweets: {"delete": ...}, {"limit": ...}, {"warning": ...}.
    if not is_tweet(tweet):
        return Rejected(Unusable.NOT_A_TWEET, "neither a v1.1 nor a v2 tweet")
    if found.id is None:
        return Rejected(Unusable.NO_ID, "the tweet has no usable id")
    if found.username is None:
        return Rejected(Unusable.NO_AUTHOR, "the tweet has no usable name or id of its author")
    return Rejected(Unusable.NO_TEXT, "the tweet has no usable text")


def _timestamp(created_at: object, tweet_id: str) -> str:
    if created_at is None or (isinstance(created_at, str) and not created_at.strip()):
        moment = time_of_id(tweet_id)
        if moment is None:
            detail = "the tweet has no created_at, and its id tells no time"
            raise Rejected(Unusable.BAD_TIMESTAMP, detail)
        return moment
    if not isinstance(created_at, str):
        kind = _KINDS.get(type(created_at), "an array")
        raise Rejected(Unusable.BAD_TIMESTAMP, f"created_at is {kind}, not a string")
    try:
        return to_utc(created_at)
    except ValueError as error:
        raise Rejected(Unusable.BAD_TIMESTAMP, f"created_at: {error}") from error
