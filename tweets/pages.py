"""Splits pages of several tweets, and unwraps tweets in formats that the function doesn't know."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from producer.files.values import Value, elements, members
from tweets.messages import DISCONNECT, ERROR, Notice, notice_in

EMPTY_PAGE = "page without tweets"

_KEYS = {"users": "id", "tweets": "id", "media": "media_key", "places": "id", "polls": "id"}
"""The id field of each kind of included object."""


def is_tweet(content: object) -> bool:
    """Whether it is certainly a tweet that can be sent unchanged."""
    if not isinstance(content, dict):
        return False
    if "text" in content or "full_text" in content:
        return True
    post = content.get("data")
    return isinstance(post, dict) and "id" in post


def tweets_in(
    content: object, text: str, held_back: Counter[str], author: str | None
) -> list[Value]:
    """The tweets in a value, in shapes that the function knows; or the value itself, if it is
    something else.

    Messages of a stream are counted in `held_back`. `author` is the name or id of the author of X's
    own archive.
    """
    if not isinstance(content, dict) or is_tweet(content):
        return [_by(author, content, text)]
    if _is_page(content):
        if isinstance(errors := content.get("errors"), list) and errors:
            held_back[ERROR] += len(errors)
        if not content.get("data"):
            held_back[EMPTY_PAGE] += 1
            return []
        return list(_posts(content, text))
    # A premium search returns `results`, and repeats its request.
    key = "results" if "requestParameters" in content else "statuses"
    if isinstance(statuses := content.get(key), list):
        if not statuses:
            held_back[EMPTY_PAGE] += 1
        inside = elements(text, _spans(text)[key][0])
        return [
            value
            for status, part in zip(statuses, inside, strict=True)
            for value in tweets_in(status, part, held_back, author)
        ]
    if isinstance(message := content.get("message"), dict) and "for_user" in content:
        return tweets_in(message, _part(text, "message"), held_back, author)
    if isinstance(tweet := content.get("tweet"), dict) and is_tweet(tweet):
        return [_by(author, tweet, _part(text, "tweet"))]
    if notice := notice_in(content):
        if isinstance(notice, Notice):
            held_back[notice.name] += 1
        else:
            held_back[DISCONNECT if notice.is_disconnect else ERROR] += 1
        return []
    return [(content, text)]


def lacks_author(content: object) -> bool:
    """Whether it is an entry of X's own archive, which doesn't name the author of its tweets."""
    tweet = content.get("tweet") if isinstance(content, dict) else None
    return isinstance(tweet, dict) and is_tweet(tweet) and "user" not in tweet


def _is_page(content: dict[str, Any]) -> bool:
    data, meta = content.get("data"), content.get("meta")
    if isinstance(data, list):
        return all(isinstance(post, dict) for post in data) and (bool(data) or len(content) > 1)
    return data is None and isinstance(meta, dict) and "result_count" in meta


def _by(author: str | None, content: object, text: str) -> Value:
    if author is None or not isinstance(content, dict) or not text.startswith("{"):
        return content, text
    if {"user", "author", "author_id"} & content.keys():
        return content, text
    known_by = "id_str" if author.isascii() and author.isdigit() else "screen_name"
    user = {known_by: author}
    return content | {"user": user}, f'{{"user": {json.dumps(user)}, {text[1:]}'


def _posts(content: dict[str, Any], text: str) -> Iterator[Value]:
    """The posts of a page, each with the included objects that it needs."""
    spans = _spans(text)
    included = _Included(content.get("includes"), text, spans.get("includes"))
    for post, part in zip(content["data"], elements(text, spans["data"][0]), strict=True):
        includes = included.needed_by(post)
        content_of_it: dict[str, object] = {"data": post}
        text_of_it = f'{{"data": {part}'
        if includes:
            content_of_it["includes"] = {
                kind: [thing for thing, _ in things] for kind, things in includes.items()
            }
            lists = (
                f'"{kind}": [{", ".join(part for _, part in things)}]'
                for kind, things in includes.items()
            )
            text_of_it += f', "includes": {{{", ".join(lists)}}}'
        yield content_of_it, text_of_it + "}"


class _Included:
    """A page's included objects, by kind and id."""

    def __init__(self, includes: object, text: str, span: tuple[int, int] | None) -> None:
        self._things: dict[str, dict[object, Value]] = {}
        if not isinstance(includes, dict) or span is None:
            return
        for kind, (start, _) in _spans(text, span[0]).items():
            things = includes[kind]
            if kind not in _KEYS or not isinstance(things, list):
                continue
            self._things[kind] = {
                word: (thing, part)
                for thing, part in zip(things, elements(text, start), strict=True)
                if isinstance(thing, dict) and (word := _word(thing.get(_KEYS[kind])))
            }

    def needed_by(self, post: dict[str, Any]) -> dict[str, list[Value]]:
        """The objects that the post refers to, and those of the posts it refers to."""
        tweets = self._named("tweets", _ids(post.get("referenced_tweets"), "id"))
        posts = [post, *(tweet for tweet, _ in tweets if isinstance(tweet, dict))]
        attachments = [a for p in posts if isinstance(a := p.get("attachments"), dict)]
        needed = {
            "users": self._named("users", (p.get("author_id") for p in posts)),
            "tweets": tweets,
            "media": self._named("media", _each(attachments, "media_keys")),
            "polls": self._named("polls", _each(attachments, "poll_ids")),
            "places": self._named("places", _ids([p.get("geo") for p in posts], "place_id")),
        }
        return {kind: things for kind, things in needed.items() if things}

    def _named(self, kind: str, ids: Iterable[object]) -> list[Value]:
        things = self._things.get(kind, {})
        known = dict.fromkeys(word for id_ in ids if (word := _word(id_)) in things)
        return [things[word] for word in known]


def _ids(things: object, key: str) -> list[object]:
    if not isinstance(things, list):
        return []
    return [thing.get(key) for thing in things if isinstance(thing, dict)]


def _each(attachments: Iterable[dict[str, Any]], key: str) -> Iterator[object]:
    for attachment in attachments:
        if isinstance(keys := attachment.get(key), list):
            yield from keys


def _word(id_: object) -> str:
    """An id as text, as X writes it, or as a number, as some programs store it."""
    return str(id_) if isinstance(id_, str | int) else ""


def _spans(text: str, at: int = 0) -> dict[str, tuple[int, int]]:
    """The spans of an object's values; if a key occurs twice, the last counts."""
    return {key: (start, end) for key, start, end in members(text, at)}


def _part(text: str, key: str) -> str:
    start, end = _spans(text)[key]
    return text[start:end]
