"""The partition key of a tweet: all tweets of an author are in one shard, in order."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any


def author_in(data: bytes) -> str | None:
    """The author's screen name (v2: username), else the author's id, if available."""
    tweet = None
    with suppress(ValueError, RecursionError):
        tweet = json.loads(data)
    return author_of(tweet)


def author_of(tweet: object) -> str | None:
    if not isinstance(tweet, dict):
        return None
    if isinstance(post := tweet.get("data"), dict):
        return _author_of_post(post, tweet.get("includes"))
    if isinstance(user := tweet.get("user"), dict):
        return _first_text(user.get("screen_name"), user.get("id_str"), user.get("id"))
    return _author_of_post(tweet, tweet.get("includes"))


def _author_of_post(post: dict[str, Any], includes: Any) -> str | None:
    """For a v2 post, in an envelope or not, flattened or not: the key is the same in all."""
    author_id = post.get("author_id")
    author = post.get("author")
    inside = author if isinstance(author, dict) else {}
    return _first_text(
        _username_of(author_id, includes), inside.get("username"), author_id, inside.get("id")
    )


def _username_of(author_id: Any, includes: Any) -> Any:
    users = includes.get("users") if isinstance(includes, dict) else None
    if author_id is None or not isinstance(users, list):
        return None
    for user in users:
        if isinstance(user, dict) and user.get("id") == author_id:
            return user.get("username")
    return None


def _first_text(*candidates: Any) -> str | None:
    for candidate in candidates:
        if isinstance(candidate, int) and not isinstance(candidate, bool):
            return str(candidate)
        if isinstance(candidate, str) and candidate and _encodable(candidate):
            return candidate
    return None


def _encodable(text: str) -> bool:
    # JSON may escape half of a surrogate pair, which UTF-8 can't encode.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
