"""Renders tweets as JSON in the requested shape."""

from __future__ import annotations

from tweets.fakes.model import Shape, Tweet
from tweets.fakes.render_v1 import render_v1
from tweets.fakes.render_v2 import render_v2


def render(tweet: Tweet, shape: Shape) -> bytes:
    """One JSON object in UTF-8 without newline; "mixed" picks a shape by the tweet's id."""
    # The lowest bit of a snowflake's milliseconds.
    if shape == "v1" or (shape == "mixed" and int(tweet.id) >> 22 & 1):
        return render_v1(tweet)
    return render_v2(tweet)
