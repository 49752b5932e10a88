"""Tweets as JSON, in the shape asked for."""

from __future__ import annotations

from fake_tweets.model import Shape, Tweet
from fake_tweets.render_form import Form
from fake_tweets.render_v1 import V1
from fake_tweets.render_v2 import V2

_FORMS: dict[Shape, Form] = {"v1": V1, "v2": V2}
_MIXED: tuple[Form, Form] = (V2, V1)


def render(tweet: Tweet, shape: Shape) -> bytes:
    """One JSON object in UTF-8 without newline; "mixed" picks a shape by the tweet's id."""
    return form_of(int(tweet.id), shape).render(tweet)


def form_of(snowflake: int, shape: Shape) -> Form:
    """The form that the tweet of that id gets when `shape` is asked for."""
    # The lowest bit of a snowflake's milliseconds.
    return _MIXED[snowflake >> 22 & 1] if shape == "mixed" else _FORMS[shape]
