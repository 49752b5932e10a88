"""Predicts the items that a stream record becomes."""

from __future__ import annotations

from producer import OutgoingRecord
from producer.sending.aggregation import aggregated
from tweetpipe.live.items import items_of
from tweets import fakes

TWEETS = [fakes.FakeTweets(3).tweet(index) for index in range(5)]
DATA = [fakes.render(tweet, "v2") for tweet in TWEETS]


def aggregate(*payloads: bytes) -> bytes:
    return aggregated(
        [OutgoingRecord(data=data, partition_key="k") for data in payloads], hash_key="1"
    )


def test_a_tweet_is_its_item() -> None:
    assert items_of(DATA[0]) == [fakes.expected_item(TWEETS[0])]


def test_an_aggregated_record_is_the_items_of_all_tweets_in_it() -> None:
    assert items_of(aggregate(*DATA)) == [fakes.expected_item(tweet) for tweet in TWEETS]


def test_what_the_function_rejects_is_no_item() -> None:
    assert items_of(b"no tweet") == []
    assert items_of(aggregate(b"no tweet", DATA[1])) == [fakes.expected_item(TWEETS[1])]
    assert items_of(aggregate()) == []
