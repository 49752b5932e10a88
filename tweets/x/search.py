"""Recent search: which rules it supports, as which queries, and its answers.

X's operators for both: https://docs.x.com/x-api/posts/search/integrate/operators and
https://docs.x.com/x-api/posts/filtered-stream/integrate/operators.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from producer.outgoing import OutgoingRecord
from tweets.pages import tweets_in
from tweets.records import record
from tweets.x.answers import date_of, json_of, not_x
from tweets.x.api import FIELDS, XApi

LONGEST = 512
"""Characters of a query; Enterprise accounts may use 4,096."""
FARTHEST = 7 * 86_400.0
"""Seconds that recent search goes back."""
LEAST_PAGE, LARGEST_PAGE = 10, 100

_OR = ") OR ("
_ONLY_IN_STREAM = (
    *("sample", "bio", "bio_name", "bio_location", "embedding", "embedding_threshold", "source"),
    *("url_title", "url_description", "url_contains", "from_affiliate_of", "to_affiliate_of"),
    *("min_followers", "followers_count", "following_count", "tweets_count", "listed_count"),
)
_PHRASE = re.compile(r'"[^"]*"')
_UNKNOWN = re.compile(rf"(?<!\w)({'|'.join(_ONLY_IN_STREAM)}):")


@dataclass(frozen=True, slots=True)
class Found:
    """A post, and its id."""

    id: str | None
    content: Mapping[str, object]
    record: OutgoingRecord


@dataclass(frozen=True, slots=True)
class Page:
    """Posts, newest first, the token of the next page, and the time of the answer by X's clock."""

    posts: list[Found]
    next_token: str | None
    date: float | None


def why_not(rule: str) -> str:
    """Why no search can replace the rule; empty if one can."""
    bare = _PHRASE.sub('""', rule)
    if operator := _UNKNOWN.search(bare):
        return f"recent search does not support {operator[1]}:"
    if '""~' in bare:
        return "recent search does not support words near each other"
    return ""


def leaves_out_quotes(rule: str) -> bool:
    """Whether the rule excludes quotes; search does not look into quoted posts."""
    bare = _PHRASE.sub('""', rule)
    return "-is:quote" in bare.split() and "OR" not in bare.split()


def together(rules: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Groups of rules that each fit into a query; a rule that is too long is alone."""
    group: list[str] = []
    for rule in rules:
        if group and len(query_of([*group, rule])) > LONGEST:
            yield tuple(group)
            group = []
        group.append(rule)
    if group:
        yield tuple(group)


def query_of(rules: Iterable[str]) -> str:
    """A query for posts that match any of the rules."""
    rules = list(rules)
    return rules[0] if len(rules) == 1 else f"({_OR.join(rules)})"


def search(
    api: XApi,
    rules: Iterable[str],
    *,
    since: float,
    until: float,
    most: int = LARGEST_PAGE,
    next_token: str | None = None,
) -> Page:
    """At most this many posts from `since` to before `until`, in whole seconds.

    Raises XUnreachable, XRefused and NotX.
    """
    asked = {
        **FIELDS,
        "query": query_of(rules),
        "start_time": _iso(math.floor(since)),
        "end_time": _iso(math.ceil(until)),
        "max_results": str(most),
        **({"next_token": next_token} if next_token else {}),
    }
    response = api.authorized("GET", "tweets/search/recent", params=asked)
    content = json_of(response)
    meta = content.get("meta")
    if not isinstance(meta, dict):
        raise not_x(response)
    token = meta.get("next_token")
    text = response.content.decode(errors="replace")
    posts = tweets_in(json.loads(text), text, Counter(), None) if content.get("data") else []
    return Page(
        [
            Found(_id_of(post), post, record(post, part.encode("utf-8", "surrogatepass")))
            for post, part in posts
            if isinstance(post, dict)
        ],
        token if isinstance(token, str) and token else None,
        date_of(response),
    )


def _id_of(post: object) -> str | None:
    data = post.get("data") if isinstance(post, dict) else None
    id_ = data.get("id") if isinstance(data, dict) else None
    return id_ if isinstance(id_, str) else None


def _iso(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%S}Z"
