"""Tweets as JSON, in the shape asked for."""

from __future__ import annotations

from typing import Literal

from fake_tweets.model import Shape, Tweet
from fake_tweets.render_v1 import render_v1
from fake_tweets.render_v2 import render_v2


def render(tweet: Tweet, shape: Shape) -> bytes:
    """One JSON object in UTF-8 without newline; "mixed" picks a shape by the tweet's id."""
    return render_v1(tweet) if shape_of(tweet, shape) == "v1" else render_v2(tweet)


def shape_of(tweet: Tweet, shape: Shape) -> Literal["v1", "v2"]:
    """The shape that `tweet` gets when `shape` is asked for."""
    if shape == "mixed":
        # The lowest bit of a snowflake's milliseconds.
        return "v1" if int(tweet.id) >> 22 & 1 else "v2"
    return shape
