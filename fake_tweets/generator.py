"""Tweet number i of seed s: computed on the spot, always the same."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from fake_tweets.entities import spans
from fake_tweets.model import Author, Link, Record, Shape, Tweet
from fake_tweets.pools import pools
from fake_tweets.render import render

SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
"""Twitter's own epoch: the upper bits of an id count the milliseconds from here."""
SNOWFLAKE_TAG_BITS = 22
MS_PER_TWEET = 20

_FIRST_MS = 1_767_225_600_000  # 2026-01-01; a seed starts somewhere in the half year from here
_START_SPREAD_S = 182 * 86_400
_POPULAR_TWEETS = 128
_POPULAR_INDEX = -1_000_000  # of the first of them, and how far they lie apart
_RETWEET_LENGTH = 140

# What a tweet is, as upper bounds of a percentage drawn for it; the rest is plain.
_RETWEET, _QUOTE, _REPLY, _MENTION, _LINK = 20, 28, 43, 51, 68


class _Draws(NamedTuple):
    """The random numbers of one tweet, each for one choice; `code` makes a link unique."""

    kind: int
    jitter: int
    author: int
    popular: int
    opening: int
    closing: int
    hashtags: int
    mention: int
    article: int
    code: bytes


_DRAWS = struct.Struct("<9H5s")


class FakeTweets:
    """The tweets of one seed, by index; no two seeds from 0 to 4,194,303 share an id.

    Negative indexes are the seed's past, which `records` never sends as tweets.
    """

    def __init__(self, seed: int) -> None:
        self._pools = pools()
        self._hash = blake2b(b"tweet %d" % seed, digest_size=_DRAWS.size)
        # An odd factor keeps the tags of different seeds apart.
        self._tag = seed * 2_654_435_761 % (1 << SNOWFLAKE_TAG_BITS)
        start_s = int.from_bytes(self._hash.digest()[:4], "little") % _START_SPREAD_S
        self._start_ms = _FIRST_MS + start_s * 1000
        self._popular = tuple(self._popular_tweet(rank) for rank in range(_POPULAR_TWEETS))
        self._retweets = tuple(_as_retweeted(tweet) for tweet in self._popular)

    def tweet(self, index: int) -> Tweet:
        """The tweet at `index`; ids and creation times grow with it."""
        draws = self._draw(index)
        id_, created_at = self._stamp(index, draws)
        author = self._author(draws)
        kind = draws.kind % 100
        if kind < _RETWEET:
            said = self._retweets[draws.popular % _POPULAR_TWEETS]
            return Tweet(
                id=id_,
                created_at=created_at,
                author=author,
                text=said.text,
                lang=said.lang,
                hashtags=said.hashtags,
                mentions=said.mentions,
                retweet_of=said.retweet_of,
            )

        text, hashtags = self._say(author, draws)
        mentions: tuple[Author, ...] = ()
        links: tuple[Link, ...] = ()
        quote_of = reply_to = None
        if kind < _QUOTE:
            quote_of = self._popular[draws.popular % _POPULAR_TWEETS]
            links = (Link(_short_url(draws), _status_url(quote_of)),)
        elif kind < _REPLY:
            reply_to = self._popular[draws.popular % _POPULAR_TWEETS]
            mentions = (reply_to.author,)
            text = f"@{reply_to.author.screen_name} {text}"
        elif kind < _MENTION:
            mentions = (self._pools.authors[draws.mention % len(self._pools.authors)],)
            text = f"{text} @{mentions[0].screen_name}"
        elif kind < _LINK:
            article = self._pools.articles[draws.article % len(self._pools.articles)]
            links = (Link(_short_url(draws), article),)
        return Tweet(
            id=id_,
            created_at=created_at,
            author=author,
            text=f"{text} {links[0].url}" if links else text,
            lang=author.lang,
            hashtags=hashtags,
            mentions=mentions,
            links=links,
            quote_of=quote_of,
            reply_to=reply_to,
        )

    def record(self, index: int, shape: Shape = "mixed") -> Record:
        """The tweet at `index` as a record for the stream."""
        tweet = self.tweet(index)
        return Record("tweet", index, render(tweet, shape), tweet.author.screen_name)

    def _draw(self, index: int) -> _Draws:
        counter = self._hash.copy()
        counter.update(index.to_bytes(8, "little", signed=True))
        return _Draws._make(_DRAWS.unpack(counter.digest()))

    def _stamp(self, index: int, draws: _Draws) -> tuple[str, datetime]:
        at_ms = self._start_ms + index * MS_PER_TWEET + draws.jitter % MS_PER_TWEET
        snowflake = (at_ms - SNOWFLAKE_EPOCH_MS) << SNOWFLAKE_TAG_BITS | self._tag
        return str(snowflake), _utc(at_ms // 1000)

    def _author(self, draws: _Draws) -> Author:
        by_popularity = self._pools.by_popularity
        return by_popularity[draws.author % len(by_popularity)]

    def _say(self, author: Author, draws: _Draws) -> tuple[str, tuple[str, ...]]:
        openings, closings, sets_of_hashtags = self._pools.voices[author.lang]
        hashtags = sets_of_hashtags[draws.hashtags % len(sets_of_hashtags)]
        text = (
            f"{openings[draws.opening % len(openings)]} {closings[draws.closing % len(closings)]}"
        )
        return (f"{text} #{' #'.join(hashtags)}" if hashtags else text), hashtags

    def _popular_tweet(self, rank: int) -> Tweet:
        index = _POPULAR_INDEX * (rank + 1)
        draws = self._draw(index)
        id_, created_at = self._stamp(index, draws)
        author = self._author(draws)
        text, hashtags = self._say(author, draws)
        return Tweet(
            id=id_,
            created_at=created_at,
            author=author,
            text=text,
            lang=author.lang,
            hashtags=hashtags,
            retweets=90_000 // (rank + 1),
            likes=400_000 // (rank + 1),
        )


def _as_retweeted(tweet: Tweet) -> Tweet:
    """What a retweet of `tweet` says, which X cuts off at 140 characters."""
    text = f"RT @{tweet.author.screen_name}: {tweet.text}"
    hashtags = tweet.hashtags
    if len(text) > _RETWEET_LENGTH:
        text = f"{text[: _RETWEET_LENGTH - 1]}…"
        hashtags = hashtags[: len(spans(text, [f"#{tag}" for tag in hashtags]))]
    return replace(tweet, text=text, hashtags=hashtags, mentions=(tweet.author,), retweet_of=tweet)


# Consecutive tweets share their second; one datetime for all of them has its hash computed once.
@lru_cache(maxsize=1024)
def _utc(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _short_url(draws: _Draws) -> str:
    return f"https://t.co/{draws.code.hex()}"


def _status_url(tweet: Tweet) -> str:
    return f"https://twitter.com/{tweet.author.screen_name}/status/{tweet.id}"
