"""Tweets through the interface that the function, the producer, and the commands use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import producer
from processor import events
from processor.key import Item
from producer import OutgoingRecord
from producer.files.reading import Reading, open_events
from tweetpipe.events import load
from tweetpipe.events.loading import DEFAULT as FOLDER
from tweets.files import contents

TWEETS = events.load("tweets")
EVENTS = load(FOLDER)


def to_item(data: bytes) -> Item:
    """The item of a tweet in DynamoDB's format; raises Rejected."""
    item, _ = TWEETS.item(data)
    return item


def partition_key_of(data: bytes) -> str:
    """The partition key of a record with this data."""
    return OutgoingRecord.keyed(data, EVENTS.partition_key).partition_key


def fake_source(**settings: Any) -> Iterator[OutgoingRecord]:
    """Fake tweets."""
    return producer.fake_source(EVENTS, **settings)


def file_source(path: Path | str, *, author: str | None = None) -> Iterator[OutgoingRecord]:
    """The tweets of a file."""
    return producer.file_source(path, contents=contents(author))


def open_tweets(path: Path | str, *, author: str | None = None, **settings: Any) -> Reading:
    """An open file of tweets, with its format detected."""
    return open_events(path, contents=contents(author), **settings)
