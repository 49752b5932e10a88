"""What must be stored of a record's bytes: the contract read a second time, naively.

It shares no code with the processor, so that no mistake of the one is excused by the other.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
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
    v2 = _as_enveloped(tweet)
    item = _item_of_v2(v2) if v2 else _item_of_v1(tweet)
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


def _as_enveloped(tweet: dict[str, Any]) -> dict[str, Any] | None:
    """A v2 tweet as X would have sent it, with all that it holds in `includes`; None for v1.1."""
    post = tweet.get("data")
    if not isinstance(post, dict):
        others = {"$type", "account", "actor", "objectType", "verb"} & set(tweet)
        is_flat = "author" in tweet and not (others and "user" not in tweet)
        if isinstance(tweet.get("user"), dict) or not ("author_id" in tweet or is_flat):
            return None
        post = tweet
    includes = _dict(tweet.get("includes"))
    return {
        "data": post,
        "users": [user for user in _list(includes.get("users")) if isinstance(user, dict)],
        "tweets": [other for other in _list(includes.get("tweets")) if isinstance(other, dict)],
    }


def _item_of_v1(tweet: dict[str, Any]) -> dict[str, Any]:
    user = _dict(tweet.get("user"))
    original = _dict(tweet.get("retweeted_status"))
    name = _dict(original.get("user")).get("screen_name")
    return {
        "Username": _name(user.get("name"))
        or _name(user.get("screen_name"))
        or _number(user.get("id_str"))
        or _number(user.get("id")),
        "Id": _number(tweet.get("id_str")) or _number(tweet.get("id")),
        "Timestamp": _timestamp(tweet),
        "Message": _message(_text_of(tweet), _text_of(original), name),
    }


def _item_of_v2(tweet: dict[str, Any]) -> dict[str, Any]:
    data = tweet["data"]
    author = _author_of(data, tweet["users"])
    original: dict[str, Any] = {}
    for reference in reversed(_list(data.get("referenced_tweets"))):
        if isinstance(reference, dict) and reference.get("type") == "retweeted":
            original = _found(tweet["tweets"], reference.get("id")) or reference
    name = _author_of(original, tweet["users"]).get("username")
    return {
        "Username": _name(author.get("name"))
        or _name(author.get("username"))
        or _number(data.get("author_id"))
        or _number(author.get("id")),
        "Id": _number(data.get("id_str")) or _number(data.get("id")),
        "Timestamp": _timestamp(data),
        "Message": _message(_text_of(data), _text_of(original), name),
    }


def _author_of(post: dict[str, Any], users: list[dict[str, Any]]) -> dict[str, Any]:
    return _found(users, post.get("author_id")) or _dict(post.get("author"))


def _found(objects: list[dict[str, Any]], wanted: object) -> dict[str, Any]:
    number = _number(wanted)
    return next((one for one in objects if number and _number(one.get("id")) == number), {})


def _text_of(tweet: dict[str, Any]) -> str | None:
    return _text(
        _dict(tweet.get("extended_tweet")).get("full_text"),
        _dict(tweet.get("note_tweet")).get("text"),
        tweet.get("full_text"),
        tweet.get("text"),
    )


def _message(own: str | None, original: str | None, author: object) -> str | None:
    """What is said, of a retweet in full: under the name in its own text, else the author's."""
    if original is None:
        return own
    if own is not None and own.startswith("RT @"):
        name, colon, _ = own.removeprefix("RT @").partition(": ")
        if colon and name and ":" not in name and not any(map(str.isspace, name)):
            return f"RT @{name}: {original}"
    return f"RT @{author}: {original}" if _name(author) else own


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _number(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _name(value)


def _text(*values: object) -> str | None:
    texts = [value for value in values if isinstance(value, str)]
    return texts[0] if texts else None


def _timestamp(tweet: dict[str, Any]) -> str | None:
    """Read more forms than the processor may: what it does store must mean the same moment."""
    created_at = tweet.get("created_at")
    if created_at is None or (isinstance(created_at, str) and not _name(created_at)):
        return _time_in(_number(tweet.get("id_str")) or _number(tweet.get("id")) or "")
    moment = _moment(created_at) if isinstance(created_at, str) else None
    if moment is None:
        return None
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{plain.isoformat(timespec='milliseconds')}Z"


def _time_in(tweet_id: str) -> str | None:
    """The time in an id of November 2010 or later: milliseconds are in all but the last 22 bits."""
    if set(tweet_id) - set("0123456789") or not 11 <= len(tweet_id) <= 19:
        return None
    number = int(tweet_id)
    if number <= 29700859247 or number >> 63:
        return None
    seconds, thousandths = divmod(number // 4194304 + 1288834974657, 1000)
    moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    return f"{moment.isoformat()}.{thousandths:03}Z"


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
