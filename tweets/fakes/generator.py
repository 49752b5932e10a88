"""Tweet number i of seed s: computed on request, and always the same."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from tweets.fakes.entities import SHORT_URL, spans
from tweets.fakes.model import FakeRecord, Link, Shape, Tweet
from tweets.fakes.pools import (
    ARTICLES,
    AUTHORS,
    CLOSINGS,
    HASHTAGS,
    OPENINGS,
    POPULARITY_SLOTS,
    pools,
)
from tweets.fakes.render import render

SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
"""Twitter's own epoch: the upper bits of an id count the milliseconds from here."""
SNOWFLAKE_TAG_BITS = 22
MS_PER_TWEET = 20

_FIRST_MS = 1_767_225_600_000  # 2026-01-01; a seed starts within half a year after this
_START_SPREAD_S = 182 * 86_400
_POPULAR_TWEETS = 128
_POPULAR_INDEX = -1_000_000  # the time of the first tweet, and the time between tweets
_RETWEET_LENGTH = 140
# The share of popular tweets that are made too long to be retweeted in full. With those that are
# long by chance, about 65 % of retweets are cut; of 1,096 real ones, 63 % were.
_WORDY_OF_FIVE = 3

# The kind of a tweet: upper bounds of a random percentage; the rest are plain.
_RETWEET, _QUOTE, _REPLY, _MENTION, _LINK = 20, 28, 43, 51, 68
_DRAWS = struct.Struct("<9H5s")


class FakeTweets:
    """The tweets of one seed, by index; no two seeds from 0 to 4,194,303 share an id.

    Negative indexes are earlier tweets, which `records` never sends.
    """

    def __init__(self, seed: int) -> None:
        self._hash = blake2b(b"tweet %d" % seed, digest_size=_DRAWS.size)
        # An odd factor keeps the tags of different seeds apart.
        self._tag = seed * 2_654_435_761 % (1 << SNOWFLAKE_TAG_BITS)
        start_s = int.from_bytes(self._hash.digest()[:4], "little") % _START_SPREAD_S
        self._start_ms = _FIRST_MS + start_s * 1000
        self._authors, self._by_popularity, self._voices, self._articles = pools()
        self._popular = [self._popular_tweet(rank) for rank in range(_POPULAR_TWEETS)]
        self._retweets = [_retweet(tweet) for tweet in self._popular]

    def record(self, index: int, shape: Shape = "mixed") -> FakeRecord:
        """The tweet at `index` as a record for the stream."""
        tweet = self.tweet(index)
        return FakeRecord("tweet", index, render(tweet, shape), tweet.author.screen_name)

    def tweet(self, index: int) -> Tweet:
        """The tweet at `index`; ids and creation times grow with it."""
        tweet, kind, popular, mention, article, code = self._plain(index)
        kind %= 100
        other = self._popular[popular % _POPULAR_TWEETS]
        if kind < _RETWEET:
            return tweet._replace(**self._retweets[popular % _POPULAR_TWEETS])
        if kind < _QUOTE:
            address = f"https://twitter.com/{other.author.screen_name}/status/{other.id}"
            return _linked(tweet, code, address)._replace(quote_of=other)
        if kind < _REPLY:
            text = f"@{other.author.screen_name} {tweet.text}"
            return tweet._replace(text=text, mentions=(other.author,), reply_to=other)
        if kind < _MENTION:
            user = self._authors[mention % AUTHORS]
            return tweet._replace(text=f"{tweet.text} @{user.screen_name}", mentions=(user,))
        if kind < _LINK:
            return _linked(tweet, code, self._articles[article % ARTICLES])
        return tweet

    def _plain(self, index: int) -> tuple[Tweet, int, int, int, int, bytes]:
        """A tweet's author and words, and the random numbers for its other properties."""
        counter = self._hash.copy()
        counter.update(index.to_bytes(8, "little", signed=True))
        # Each random number serves one choice; the code makes a link unique.
        kind, jitter, speaks, popular, opening, closing, hashtags, mention, article, code = (
            _DRAWS.unpack(counter.digest())
        )
        at_ms = self._start_ms + index * MS_PER_TWEET + jitter % MS_PER_TWEET
        author = self._by_popularity[speaks % POPULARITY_SLOTS]
        voice = self._voices[author.lang]
        tags = voice.hashtags[hashtags % HASHTAGS]
        words = f"{voice.openings[opening % OPENINGS]} {voice.closings[closing % CLOSINGS]}"
        tweet = Tweet(
            id=str((at_ms - SNOWFLAKE_EPOCH_MS) << SNOWFLAKE_TAG_BITS | self._tag),
            created_at=_utc(at_ms // 1000),
            author=author,
            text=" #".join((words, *tags)),
            lang=author.lang,
            hashtags=tags,
        )
        return tweet, kind, popular, mention, article, code

    def _popular_tweet(self, rank: int) -> Tweet:
        tweet, *_ = self._plain(_POPULAR_INDEX * (rank + 1))
        text, openings = tweet.text, self._voices[tweet.lang].openings
        while rank % 5 < _WORDY_OF_FIVE and len(text) <= _RETWEET_LENGTH:
            text = f"{openings[(rank + len(text)) % OPENINGS]} {text}"
        return tweet._replace(text=text, retweets=90_000 // (rank + 1), likes=400_000 // (rank + 1))


def _retweet(of: Tweet) -> dict[str, Any]:
    """What makes a tweet a retweet, which X cuts off at 140 characters."""
    text = f"RT @{of.author.screen_name}: {of.text}"
    hashtags = of.hashtags
    if len(text) > _RETWEET_LENGTH:
        text = f"{text[: _RETWEET_LENGTH - 1]}…"
        hashtags = hashtags[: len(spans(text, [f"#{tag}" for tag in hashtags]))]
    return {
        "text": text,
        "lang": of.lang,
        "hashtags": hashtags,
        "mentions": (of.author,),
        "retweet_of": of,
    }


def _linked(tweet: Tweet, code: bytes, address: str) -> Tweet:
    link = Link(f"{SHORT_URL}{code.hex()}", address)
    return tweet._replace(text=f"{tweet.text} {link.url}", links=(link,))


# Consecutive tweets share their second.
@lru_cache(maxsize=1024)
def _utc(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
