"""Stored posts: items of the table, and original records in dead letters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from tweets.compliance.ledger import Ledger
from tweets.compliance.notices import id_in

WITHHELD_IN = "WithheldIn"
"""The attribute with the countries in which X withholds the post."""

ID = re.compile(r"[0-9]{1,19}", re.ASCII)
"""The pattern of X's ids."""

_ANY_ID = re.compile(rb'"id(?:_str)?"\s*:\s*"?([0-9]{1,19})\b')
_PLACES = ("geo", "coordinates", "place")
_INSIDE = ("retweeted_status", "quoted_status")

Json = dict[str, Any]


class Kept:
    """Judges stored posts by what a ledger knows."""

    mark = WITHHELD_IN

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.why_gone = ledger.why_gone
        self.marks = ledger.countries
        self.is_version = ledger.is_version
        self.newer = ledger.newer
        self.is_stale = ledger.is_stale

    def id_of(self, item: Mapping[str, Any]) -> str:
        """The id of the post that an item was made from."""
        return str(item.get("Id", ""))

    def ids_in(self, data: bytes) -> set[str]:
        """The ids of the posts in a record; if it is not JSON, everything that looks like an id."""
        content = _json(data)
        if content is None:
            return {found.decode() for found in _ANY_ID.findall(data)}
        posts = [_post(content), *_beside(content)]
        return {id_ for post in posts if ID.fullmatch(id_ := id_in(post, "id_str", "id"))}

    def revised(self, data: bytes) -> bytes | None:
        """The record as it may be kept: unchanged, changed, or None to delete it."""
        content = _json(data)
        if content is None:
            # Unreadable data may be the remains of a post.
            return None if any(map(self._ledger.why_gone, self.ids_in(data))) else data
        if self._is_gone(content):
            return None
        if self._clean(content):
            return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return data

    def _is_gone(self, content: Json) -> bool:
        post = _post(content)
        return (
            self._is_post_gone(post)
            or self._is_post_gone(_retweeted(content))
            # Once a newer version is stored, this one is not needed.
            or bool(self._ledger.newer(id_in(post, "id_str", "id")))
        )

    def _is_post_gone(self, post: object) -> bool:
        return bool(
            self._ledger.why_gone(id_in(post, "id_str", "id"))
            or self._ledger.why_author_is_gone(_author_of(post))
        )

    def _clean(self, content: Json) -> bool:
        """Remove what may not be kept beside or within a post; return whether there was any."""
        changed = False
        for post in (_post(content), *_beside(content)):
            if self._ledger.has_lost_place(id_in(post, "id_str", "id"), _author_of(post)):
                changed |= any([post.pop(name, None) is not None for name in _PLACES])
        if self._is_post_gone(content.get("quoted_status")):
            del content["quoted_status"]
            changed = True
        includes = content.get("includes")
        tweets = includes.get("tweets") if isinstance(includes, dict) else None
        if isinstance(tweets, list):
            left = [each for each in tweets if not self._is_post_gone(each)]
            changed |= len(left) < len(tweets)
            tweets[:] = left
        return changed


def _json(data: bytes) -> Json | None:
    with suppress(ValueError, RecursionError):
        content = json.loads(data)
        return content if isinstance(content, dict) else None
    return None


def _post(content: Json) -> Json:
    data = content.get("data")
    return data if isinstance(data, dict) else content


def _beside(content: Json) -> Iterator[Json]:
    """The other posts in a record, which its post refers to."""
    includes = content.get("includes")
    tweets = includes.get("tweets") if isinstance(includes, dict) else None
    for each in tweets if isinstance(tweets, list) else ():
        if isinstance(each, dict):
            yield each
    for name in _INSIDE:
        if isinstance(inside := content.get(name), dict):
            yield inside


def _retweeted(content: Json) -> object:
    """The original of a retweet, whose text the retweet repeats."""
    if isinstance(original := content.get("retweeted_status"), dict):
        return original
    references = _post(content).get("referenced_tweets")
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, dict) and reference.get("type") == "retweeted":
            wanted = id_in(reference, "id")
            found = (each for each in _beside(content) if id_in(each, "id_str", "id") == wanted)
            return next(found, reference)
    return None


def _author_of(post: object) -> str:
    user = post.get("user") if isinstance(post, dict) else None
    return id_in(post, "author_id") or id_in(user, "id_str", "id")
