"""The shapes of tweets, and the fields that each provides for an item.

v1.1 with `user`; v2 in its envelope, as X sends it (`data` and `includes`); and v2 without one:
the bare post (`author_id`), or flattened, with the author and the tweets it refers to inside
(`author`, `referenced_tweets`), as twarc2 writes it.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

Json = dict[str, Any]

_TEXTS = ("text", "full_text", "extended_tweet", "note_tweet")
# Bluesky, Mastodon, and Activity Streams (also GNIP's format for tweets). Some of their objects
# have a text and an id too.
_MARKS_OF_OTHERS = frozenset({"$type", "account", "actor", "objectType", "verb"})
_RETWEET_PREFIX = re.compile(r"RT @[^\s:]+: ")


class Found(NamedTuple):
    """A tweet's fields for an item; None if missing. `created_at` may be anything."""

    username: str | None
    id: str | None
    created_at: object
    text: str | None


def found_in(tweet: Json) -> Found:
    """Read the fields from a JSON object, whether it is a tweet or not."""
    post = tweet.get("data")
    if isinstance(post, dict):
        return _from_v2(post, _object(tweet, "includes"))
    if not isinstance(tweet.get("user"), dict) and _is_bare(tweet):
        return _from_v2(tweet, _object(tweet, "includes"))
    return _from_v1(tweet)


def _is_bare(tweet: Json) -> bool:
    return "author_id" in tweet or ("author" in tweet and not _is_of_others(tweet))


def is_tweet(tweet: Json) -> bool:
    """Whether an incomplete object has the shape of a tweet.

    It has a text, or an author and a time. Otherwise it is something else: a user, a scraper's row
    with other names, another network's post.
    """
    data = tweet.get("data")
    post = data if isinstance(data, dict) else tweet
    if _is_of_others(post):
        return False
    has_author = "author_id" in post or any(
        isinstance(post.get(name), dict) for name in ("user", "author")
    )
    return any(name in post for name in _TEXTS) or (has_author and "created_at" in post)


def _is_of_others(post: Json) -> bool:
    """Whether an object has marks of another network's format, and none of X's."""
    if "author_id" in post or "user" in post:
        return False
    return not _MARKS_OF_OTHERS.isdisjoint(post)


def _from_v1(tweet: Json) -> Found:
    user = _object(tweet, "user")
    text = _whole_text(tweet)
    if original := _object(tweet, "retweeted_status"):
        text = _retweet(text, original, _filled(_object(original, "user"), "screen_name"))
    return Found(
        username=_filled(user, "name")
        or _filled(user, "screen_name")
        or _identifier(user, "id_str")
        or _identifier(user, "id"),
        id=_id(tweet),
        created_at=tweet.get("created_at"),
        text=text,
    )


def _from_v2(post: Json, includes: Json) -> Found:
    author = _author(post, includes)
    text = _whole_text(post)
    if "referenced_tweets" in post and (original := _retweeted(post, includes)):
        text = _retweet(text, original, _filled(_author(original, includes), "username"))
    return Found(
        username=_filled(author, "name")
        or _filled(author, "username")
        or _identifier(post, "author_id")
        or _identifier(author, "id"),
        id=_id(post),
        created_at=post.get("created_at"),
        text=text,
    )


def _author(post: Json, includes: Json) -> Json:
    author_id = _identifier(post, "author_id")
    return _with_id(includes.get("users"), author_id) or _object(post, "author")


def _retweeted(post: Json, includes: Json) -> Json:
    """The original of a retweet, as far as the record has it; empty if it is not a retweet."""
    references = post["referenced_tweets"]
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, dict) and reference.get("type") == "retweeted":
            return _with_id(includes.get("tweets"), _identifier(reference, "id")) or reference
    return {}


def _with_id(objects: object, wanted: str | None) -> Json:
    if wanted is not None and isinstance(objects, list):
        for one in objects:
            if isinstance(one, dict) and _identifier(one, "id") == wanted:
                return one
    return {}


def _retweet(text: str | None, original: Json, screen_name: str | None) -> str | None:
    """The full text of a retweet, which X cuts at 140 characters. The name is the one in X's text;
    the author may have changed it since.

    Without the original's text or a name, X's text is used.
    """
    whole = _whole_text(original)
    if whole is None:
        return text
    if prefix := _RETWEET_PREFIX.match(text or ""):
        return f"{prefix[0]}{whole}"
    return f"RT @{screen_name}: {whole}" if screen_name else text


def _whole_text(post: Json) -> str | None:
    # An empty text counts too.
    for extended, name in (("extended_tweet", "full_text"), ("note_tweet", "text")):
        value = post.get(extended)
        if isinstance(value, dict) and isinstance(text := value.get(name), str):
            return text
    for name in ("full_text", "text"):
        if isinstance(text := post.get(name), str):
            return text
    return None


def _object(parent: Json, key: str) -> Json:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _filled(parent: Json, key: str) -> str | None:
    value = parent.get(key)
    return value if isinstance(value, str) and value and not value.isspace() else None


def _id(post: Json) -> str | None:
    return _identifier(post, "id_str") or _identifier(post, "id")


def _identifier(parent: Json, key: str) -> str | None:
    value = parent.get(key)
    # Not isinstance: True is an int too.
    return str(value) if type(value) is int else _filled(parent, key)
