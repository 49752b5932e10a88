"""The old name of the fake tweets, kept for compatibility; the code is in `tweets/fakes/`."""

from __future__ import annotations

from tweets.fakes import (
    Author,
    FakeRecord,
    FakeTweets,
    Kind,
    Link,
    Shape,
    Tweet,
    expected_item,
    records,
    render,
)

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
