from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tweets.fakes.digest import digest
from tweets.fakes import FakeTweets, Shape, records, render
from tweets.fakes.generator import MS_PER_TWEET, SNOWFLAKE_EPOCH_MS, SNOWFLAKE_TAG_BITS
from tweets.fakes.pools import pools

seeds = st.integers(min_value=0, max_value=2**22 - 1)
indexes = st.integers(min_value=0, max_value=2**35)


@given(seed=seeds, index=indexes)
def test_a_tweet_depends_on_its_seed_and_index_alone(seed: int, index: int) -> None:
    fakes = FakeTweets(seed)
    tweet = fakes.tweet(index)
    fakes.tweet(index + 1)
    assert fakes.tweet(index) == tweet == FakeTweets(seed).tweet(index)


@pytest.mark.heavy
def test_another_process_makes_the_same_tweets() -> None:
    script = (
        "from tests.unit.tweets.fakes.digest import digest; import sys;"
        "sys.stdout.write(digest(7, 500))"
    )
    other = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[4],
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Seoul", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout == digest(7, 500)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("v1", "c9bb8367913744ce3a9665a3fbb58c9f82d0d865a67954a01c0c43d7be11c5a6"),
        ("v2", "27939b0214427ae28ad073fea7a34a8c065210520a92a6d20f06341df1d0ec35"),
        ("mixed", "36713904b5caa8c1a3241a5fabfe8df564da21e1f6df2214b81aaf9dc4cf6ae1"),
    ],
)
def test_a_seed_makes_the_bytes_that_it_has_always_made(shape: Shape, expected: str) -> None:
    made = hashlib.sha256()
    for record in records(7, count=2000, shape=shape, malformed=0.05, duplicates=0.05):
        made.update(record.data + b"\n")
    # Another release of Faker may change the words, and thereby this.
    assert made.hexdigest() == expected


def test_making_pools_leaves_the_random_numbers_of_the_process_alone() -> None:
    state = random.getstate()
    pools.cache_clear()
    pools()
    FakeTweets(1).tweet(0)
    assert random.getstate() == state


@given(seed=seeds, index=indexes)
def test_an_id_agrees_with_the_time_of_creation(seed: int, index: int) -> None:
    tweet = FakeTweets(seed).tweet(index)
    milliseconds = (int(tweet.id) >> SNOWFLAKE_TAG_BITS) + SNOWFLAKE_EPOCH_MS
    assert tweet.created_at == datetime.fromtimestamp(milliseconds // 1000, UTC)
    assert int(tweet.id) < 2**63


@given(seed=seeds, index=indexes)
def test_ids_and_times_grow_with_the_index(seed: int, index: int) -> None:
    fakes = FakeTweets(seed)
    for one, next_one in pairwise(fakes.tweet(i) for i in range(index, index + 20)):
        assert int(one.id) < int(next_one.id)
        assert one.created_at <= next_one.created_at
        assert (int(next_one.id) - int(one.id)) >> SNOWFLAKE_TAG_BITS < 2 * MS_PER_TWEET


@given(seed=seeds, other_seed=seeds, index=indexes, other_index=indexes)
def test_different_seeds_never_share_an_id(
    seed: int, other_seed: int, index: int, other_index: int
) -> None:
    if seed == other_seed:
        other_seed = (seed + 1) % 2**22
    assert FakeTweets(seed).tweet(index).id != FakeTweets(other_seed).tweet(other_index).id


@given(seed=st.integers(), index=indexes)
def test_any_integer_is_a_seed(seed: int, index: int) -> None:
    assert FakeTweets(seed).tweet(index).id.isdigit()


def test_some_authors_tweet_far_more_than_others() -> None:
    fakes = FakeTweets(7)
    tweets = Counter(fakes.tweet(index).author.id for index in range(5000))
    shares = [count / 5000 for _, count in tweets.most_common()]
    assert 0.02 < shares[0] < 0.10
    assert sum(shares[: len(shares) // 10]) > 0.35
    assert len(shares) > 500


def test_all_kinds_of_tweet_occur() -> None:
    fakes = FakeTweets(7)
    tweets = [fakes.tweet(index) for index in range(5000)]
    assert {tweet.lang for tweet in tweets} >= {"en", "ja", "ko", "ar", "hi", "ru", "el", "iw"}
    found = {
        "retweet": sum(tweet.retweet_of is not None for tweet in tweets),
        "quote": sum(tweet.quote_of is not None for tweet in tweets),
        "reply": sum(tweet.reply_to is not None for tweet in tweets),
        "link": sum(bool(tweet.links) for tweet in tweets),
        "hashtag": sum(bool(tweet.hashtags) for tweet in tweets),
        "mention": sum(bool(tweet.mentions) for tweet in tweets),
    }
    assert min(found.values()) > 250, found
    assert max(found.values()) < 2500, found
    assert any(len(tweet.text) > 3000 for tweet in tweets)
    assert any("<script>" in tweet.text for tweet in tweets)
    assert any("\n" in tweet.text for tweet in tweets)
    assert any(not tweet.author.name.strip() for tweet in tweets)


def test_what_a_tweet_refers_to_is_older_and_refers_to_nothing() -> None:
    fakes = FakeTweets(7)
    for tweet in map(fakes.tweet, range(500)):
        for other in filter(None, (tweet.retweet_of, tweet.quote_of, tweet.reply_to)):
            assert int(other.id) < int(tweet.id)
            assert other.retweet_of is other.quote_of is other.reply_to is None


def test_a_retweet_says_so_and_is_cut_off_at_140_characters() -> None:
    fakes = FakeTweets(7)
    retweets = [tweet for tweet in map(fakes.tweet, range(1000)) if tweet.retweet_of]
    for tweet in retweets:
        original = tweet.retweet_of
        assert original is not None
        whole = f"RT @{original.author.screen_name}: {original.text}"
        assert tweet.text == (whole if len(whole) <= 140 else f"{whole[:139]}…")
        assert tweet.mentions == (original.author,)
    # Of 1,096 real ones, 63 % were cut.
    assert 0.55 < sum(tweet.text.endswith("…") for tweet in retweets) / len(retweets) < 0.75
    assert any(len(tweet.retweet_of.text) > 280 for tweet in retweets if tweet.retweet_of)


@given(seed=seeds, index=indexes)
def test_keys_and_texts_stay_within_their_limits(seed: int, index: int) -> None:
    tweet = FakeTweets(seed).tweet(index)
    assert len(tweet.author.name.encode()) <= 2048
    assert len(tweet.author.name) <= 50
    assert 1 <= len(tweet.author.screen_name) <= 15
    assert 1 <= len(tweet.text) <= 4000
    assert "\0" not in tweet.text


@pytest.mark.parametrize("shape", ["v1", "v2", "mixed"])
def test_a_record_carries_the_rendered_tweet_under_its_author(shape: Shape) -> None:
    fakes = FakeTweets(7)
    record = fakes.record(12, shape)
    tweet = fakes.tweet(12)
    assert (record.kind, record.index) == ("tweet", 12)
    assert record.data == render(tweet, shape)
    assert record.partition_key == tweet.author.screen_name
