"""The item that a record's bytes must become: a second, simple implementation of the contract.

It shares no code with the function, so that neither hides the other's mistakes.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

Item = dict[str, Any]

# X's time formats: v1.1, and ISO 8601 with a zone. ASCII, because \d matches more digits.
_V1_TIME = re.compile(
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [+-]\d\d[0-5]\d \d{4}", re.ASCII
)
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?[0-5]\d)", re.ASCII)

# Ids after this one contain the milliseconds since the epoch, above the lowest 22 bits.
_LAST_COUNTED_ID = 29_700_859_247
_EPOCH = datetime.fromtimestamp(1_288_834_974, UTC) + timedelta(milliseconds=657)
_ID = re.compile(r"\d{1,19}", re.ASCII)

_PREFIX = re.compile(r"RT @[^\s:]+: ")
# Marks of other networks' posts, and of another format for tweets.
_FOREIGN = ("$type", "account", "actor", "objectType", "verb")


def expected_item(data: bytes) -> Item | None:
    """The attributes that must be stored, or None if the record must be rejected."""
    try:
        tweet = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tweet, dict):
        return None
    item = _item(tweet)
    return item if None not in item.values() and _fits(item) else None


def _item(tweet: dict[str, Any]) -> dict[str, Any]:
    includes = _dict(tweet.get("includes"))
    if isinstance(tweet.get("data"), dict):
        return _item_of_v2(tweet["data"], includes)
    if isinstance(tweet.get("user"), dict):
        return _item_of_v1(tweet)
    is_foreign = "user" not in tweet and any(mark in tweet for mark in _FOREIGN)
    if "author_id" in tweet or ("author" in tweet and not is_foreign):
        return _item_of_v2(tweet, includes)
    return _item_of_v1(tweet)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _item_of_v1(tweet: dict[str, Any]) -> dict[str, Any]:
    user = _dict(tweet.get("user"))
    original = _dict(tweet.get("retweeted_status"))
    return {
        "Username": _name(user.get("name"))
        or _name(user.get("screen_name"))
        or _number(user.get("id_str"))
        or _number(user.get("id")),
        "Id": _id(tweet),
        "Timestamp": _timestamp(tweet),
        "Message": _message(tweet, original, _dict(original.get("user")).get("screen_name")),
    }


def _item_of_v2(post: dict[str, Any], includes: dict[str, Any]) -> dict[str, Any]:
    author = _author(post, includes)
    original = _original(post, includes)
    return {
        "Username": _name(author.get("name"))
        or _name(author.get("username"))
        or _number(post.get("author_id"))
        or _number(author.get("id")),
        "Id": _id(post),
        "Timestamp": _timestamp(post),
        "Message": _message(post, original, _author(original, includes).get("username")),
    }


def _author(post: dict[str, Any], includes: dict[str, Any]) -> dict[str, Any]:
    return _with_id(includes.get("users"), post.get("author_id")) or _dict(post.get("author"))


def _original(post: dict[str, Any], includes: dict[str, Any]) -> dict[str, Any]:
    """The original of a retweet, which X puts beside it, and twarc2 into it."""
    for reference in _dicts(post.get("referenced_tweets")):
        if reference.get("type") == "retweeted":
            return _with_id(includes.get("tweets"), reference.get("id")) or reference
    return {}


def _message(tweet: dict[str, Any], original: dict[str, Any], name: object) -> str | None:
    """The full text; for a retweet, X's prefix and the original's text, if both are known."""
    text, whole = _text(tweet), _text(original)
    if whole is None:
        return text
    if found := _PREFIX.match(text or ""):
        return found[0] + whole
    return f"RT @{name}: {whole}" if _name(name) else text


def _text(tweet: dict[str, Any]) -> str | None:
    texts = (
        _dict(tweet.get("extended_tweet")).get("full_text"),
        _dict(tweet.get("note_tweet")).get("text"),
        tweet.get("full_text"),
        tweet.get("text"),
    )
    return next((text for text in texts if isinstance(text, str)), None)


def _with_id(objects: object, identifier: object) -> dict[str, Any]:
    wanted = _number(identifier)
    found = [each for each in _dicts(objects) if wanted and _number(each.get("id")) == wanted]
    return found[0] if found else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _number(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _name(value)


def _id(tweet: dict[str, Any]) -> str | None:
    return _number(tweet.get("id_str")) or _number(tweet.get("id"))


def _timestamp(tweet: dict[str, Any]) -> str | None:
    created_at = tweet.get("created_at")
    try:
        if created_at is None or (isinstance(created_at, str) and not created_at.strip()):
            moment = _moment_of_id(_id(tweet) or "")
        elif isinstance(created_at, str):
            moment = _moment(created_at).astimezone(UTC)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _moment(created_at: str) -> datetime:
    if _ISO_TIME.fullmatch(created_at):
        return datetime.fromisoformat(created_at)
    if _V1_TIME.fullmatch(created_at):
        return datetime.strptime(created_at, "%a %b %d %H:%M:%S %z %Y")
    raise ValueError(created_at)


def _moment_of_id(identifier: str) -> datetime:
    number = int(identifier) if _ID.fullmatch(identifier) else 0
    if not _LAST_COUNTED_ID < number < 1 << 63:
        raise ValueError(identifier)
    return _EPOCH + timedelta(milliseconds=number >> 22)


def _fits(item: Item) -> bool:
    """DynamoDB's limits: 400 KB with the names, 2048 bytes of partition key, 1024 of sort key."""
    try:
        sizes = {name: len(value.encode()) for name, value in item.items()}
    except UnicodeEncodeError:
        return False
    total = sum(sizes.values()) + sum(len(name) for name in item)
    return total <= 400 * 1024 and sizes["Username"] <= 2048 and sizes["Id"] <= 1024
