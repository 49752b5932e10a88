"""Fake tweets that look real: tweet i of seed s is always the same, on every machine."""

from __future__ import annotations

from tweets.fakes.expected import expected_item
from tweets.fakes.generator import FakeTweets
from tweets.fakes.model import Author, FakeRecord, Kind, Link, Shape, Tweet
from tweets.fakes.records import records
from tweets.fakes.render import render

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
