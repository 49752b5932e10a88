"""Fake tweets that look real: tweet i of seed s is the same everywhere and always."""

from __future__ import annotations

from fake_tweets.expected import expected_item
from fake_tweets.generator import FakeTweets
from fake_tweets.model import Author, FakeRecord, Kind, Link, Shape, Tweet
from fake_tweets.records import records
from fake_tweets.render import render

__all__ = [
    "Author",
    "FakeRecord",
    "FakeTweets",
    "Kind",
    "Link",
    "Shape",
    "Tweet",
    "expected_item",
    "records",
    "render",
]
