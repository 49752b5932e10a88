"""Tweet number i of seed s: computed on the spot, always the same."""

from __future__ import annotations

import struct
from dataclasses import replace
from hashlib import blake2b

from fake_tweets.cast import cast
from fake_tweets.drafts import Draft, Frame, Picks, Speaker
from fake_tweets.entities import spans
from fake_tweets.model import FakeRecord, Shape, Tweet
from fake_tweets.pools import ARTICLES, AUTHORS, CLOSINGS, HASHTAGS, OPENINGS, POPULARITY_SLOTS
from fake_tweets.render import form_of

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
_DRAWS = struct.Struct("<9H5s")
_PLAIN = Frame()


class FakeTweets:
    """The tweets of one seed, by index; no two seeds from 0 to 4,194,303 share an id.

    Negative indexes are the seed's past, which `records` never sends as tweets.
    """

    def __init__(self, seed: int) -> None:
        self._hash = blake2b(b"tweet %d" % seed, digest_size=_DRAWS.size)
        # An odd factor keeps the tags of different seeds apart.
        self._tag = seed * 2_654_435_761 % (1 << SNOWFLAKE_TAG_BITS)
        start_s = int.from_bytes(self._hash.digest()[:4], "little") % _START_SPREAD_S
        self._start_ms = _FIRST_MS + start_s * 1000
        self._speakers, self._mentions, self._links = cast()
        popular = [self._popular_tweet(rank) for rank in range(_POPULAR_TWEETS)]
        self._retweets = tuple([_retweet(*one) for one in popular])
        self._quotes = tuple([_quote(*one) for one in popular])
        self._replies = tuple([_reply(*one) for one in popular])

    def tweet(self, index: int) -> Tweet:
        """The tweet at `index`; ids and creation times grow with it."""
        return Draft(*self._pick(index)).tweet()

    def record(self, index: int, shape: Shape = "mixed") -> FakeRecord:
        """The tweet at `index` as a record for the stream."""
        picks = self._pick(index)
        data = form_of(picks[0], shape).spell(picks)
        return FakeRecord("tweet", index, data, picks[2].screen_name)

    def _pick(self, index: int, *, plain: bool = False) -> Picks:
        counter = self._hash.copy()
        counter.update(index.to_bytes(8, "little", signed=True))
        # Each random number serves one choice; the code makes a link unique.
        kind, jitter, speaks, popular, opening, closing, hashtags, mention, article, code = (
            _DRAWS.unpack(counter.digest())
        )
        at_ms = self._start_ms + index * MS_PER_TWEET + jitter % MS_PER_TWEET
        speaker = self._speakers[speaks % POPULARITY_SLOTS]
        kind %= 100
        if plain or kind >= _LINK:
            frame = _PLAIN
        elif kind < _RETWEET:
            frame = self._retweets[popular % _POPULAR_TWEETS]
        elif kind < _QUOTE:
            frame = self._quotes[popular % _POPULAR_TWEETS]
        elif kind < _REPLY:
            frame = self._replies[popular % _POPULAR_TWEETS]
        elif kind < _MENTION:
            frame = self._mentions[mention % AUTHORS]
        else:
            frame = self._links[article % ARTICLES]
        return (
            (at_ms - SNOWFLAKE_EPOCH_MS) << SNOWFLAKE_TAG_BITS | self._tag,
            at_ms // 1000,
            speaker,
            speaker.openings[opening % OPENINGS],
            speaker.closings[closing % CLOSINGS],
            speaker.hashtags[hashtags % HASHTAGS],
            frame,
            code,
        )

    def _popular_tweet(self, rank: int) -> tuple[Speaker, Tweet]:
        draft = Draft(*self._pick(_POPULAR_INDEX * (rank + 1), plain=True))
        tweet = replace(draft.tweet(), retweets=90_000 // (rank + 1), likes=400_000 // (rank + 1))
        return draft.speaker, tweet


def _retweet(speaker: Speaker, tweet: Tweet) -> Frame:
    """A retweet, which X cuts off at 140 characters."""
    text = f"RT @{tweet.author.screen_name}: {tweet.text}"
    hashtags = tweet.hashtags
    if len(text) > _RETWEET_LENGTH:
        text = f"{text[: _RETWEET_LENGTH - 1]}…"
        hashtags = hashtags[: len(spans(text, [f"#{tag}" for tag in hashtags]))]
    return Frame(before=text, hashtags=hashtags, mention=speaker, retweet_of=tweet)


def _quote(_: Speaker, tweet: Tweet) -> Frame:
    address = f"https://twitter.com/{tweet.author.screen_name}/status/{tweet.id}"
    return Frame(leads_to=address, quote_of=tweet)


def _reply(speaker: Speaker, tweet: Tweet) -> Frame:
    before = f"@{tweet.author.screen_name} "
    return Frame(before=before, mention=speaker, reply_to=tweet)
