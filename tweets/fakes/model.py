"""The values of this package: authors, tweets, and the records that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Shape = Literal["v1", "v2", "mixed"]
"""v1: the payload of Twitter's v1.1 API; v2: one of X's filtered stream; mixed: about half each."""

Kind = Literal["tweet", "duplicate", "malformed"]


@dataclass(frozen=True, slots=True)
class Author:
    """The author of tweets; `name` is the display name, which may be blank."""

    id: str
    name: str
    screen_name: str
    lang: str
    description: str
    created_at: datetime
    followers: int
    following: int
    tweets: int
    verified: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A shortened link, as in a text, and its target."""

    url: str
    expanded_url: str


class Tweet(NamedTuple):
    """One tweet, independent of its shape; a retweet's `text` is cut as X cuts it.

    `hashtags` (without #), `mentions` and `links` are in the order in which `text` has them.
    `created_at` is in UTC and whole seconds; the millisecond inside `id` lies within that second.
    A NamedTuple, because dataclasses take noticeably longer at this rate.
    """

    id: str
    created_at: datetime
    author: Author
    text: str
    lang: str
    hashtags: tuple[str, ...] = ()
    mentions: tuple[Author, ...] = ()
    links: tuple[Link, ...] = ()
    retweets: int = 0
    likes: int = 0
    retweet_of: Tweet | None = None
    quote_of: Tweet | None = None
    reply_to: Tweet | None = None


class FakeRecord(NamedTuple):
    """A record for the stream: one payload and the key that selects its shard.

    `index` is that of the tweet, of the tweet that a duplicate repeats, or of the tweet before a
    malformed record.
    """

    kind: Kind
    index: int  # type: ignore[assignment]  # hides the unused method of tuples
    data: bytes
    partition_key: str
