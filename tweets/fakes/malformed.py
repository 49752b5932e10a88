"""Payloads that no consumer can store, each made from a valid tweet."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tweets.fakes.entities import to_json
from tweets.fakes.model import Shape, Tweet
from tweets.fakes.render import render


def malformed(tweet: Tweet, shape: Shape, variety: int) -> bytes:
    """`tweet` broken in one of the VARIETIES, modulo their number.

    Different tweets or varieties always give different bytes, without a newline.
    """
    return VARIETIES[variety % len(VARIETIES)](tweet, shape)


def _no_json(tweet: Tweet, shape: Shape) -> bytes:
    return b"tweet %b was here" % tweet.id.encode()


def _cut(tweet: Tweet, shape: Shape) -> bytes:
    data = render(tweet, shape)
    # Never inside a character, which is the case of _not_utf8.
    return data[: len(data) // 2].decode(errors="ignore").encode()


def _not_utf8(wrong: bytes, tweet: Tweet, shape: Shape) -> bytes:
    return render(tweet, shape).replace(b'"text":"', b'"text":"' + wrong, 1)


def _array(tweet: Tweet, shape: Shape) -> bytes:
    return b"[%b]" % render(tweet, shape)


def _number(tweet: Tweet, shape: Shape) -> bytes:
    return tweet.id.encode()


def _null(tweet: Tweet, shape: Shape) -> bytes:
    # JSON allows spaces around a value. Here they make each null different, in binary.
    digits = f"{int(tweet.id):b}".encode()
    return digits.translate(bytes.maketrans(b"01", b" \t")) + b"null"


def _no_id(tweet: Tweet, shape: Shape) -> bytes:
    payload, body = _parsed(tweet, shape)
    for key in body.keys() & {"id", "id_str", "edit_history_tweet_ids"}:
        del body[key]
    body["text"] += f" (the id was {tweet.id})"
    return to_json(payload).encode()


def _no_author(tweet: Tweet, shape: Shape) -> bytes:
    payload, body = _parsed(tweet, shape)
    for key in body.keys() & {"user", "author_id"}:
        del body[key]
    payload.pop("includes", None)
    return to_json(payload).encode()


def _no_date(created_at: str | int, tweet: Tweet, shape: Shape) -> bytes:
    payload, body = _parsed(tweet, shape)
    body["created_at"] = created_at
    return to_json(payload).encode()


def _other_format(tweet: Tweet, shape: Shape) -> bytes:
    activity = {
        "id": f"tag:search.twitter.com,2005:{tweet.id}",
        "objectType": "activity",
        "verb": "post",
        "postedTime": f"{tweet.created_at:%Y-%m-%dT%H:%M:%S}.000Z",
        "actor": {"displayName": tweet.author.name, "preferredUsername": tweet.author.screen_name},
        "body": tweet.text,
    }
    return to_json(activity).encode()


def _parsed(tweet: Tweet, shape: Shape) -> tuple[dict[str, Any], dict[str, Any]]:
    """A tweet's JSON, and the part with the tweet's own fields."""
    payload: dict[str, Any] = json.loads(render(tweet, shape))
    return payload, payload.get("data", payload)


VARIETIES: tuple[Callable[[Tweet, Shape], bytes], ...] = (
    _no_json,
    _cut,
    partial(_not_utf8, b"\xff\xfe"),
    partial(_not_utf8, b"\xc3("),  # the first half of a character
    partial(_not_utf8, b"\xed\xa0\xbd"),  # a surrogate, which json.loads accepts
    _array,
    _number,
    _null,
    _no_id,
    _no_author,
    partial(_no_date, "yesterday"),
    partial(_no_date, "2026-13-45T25:61:00.000Z"),
    partial(_no_date, "Wed Foo 32 25:61:00 +0000 2026"),
    partial(_no_date, 1_774_000_000_000),  # as pandas writes it
    _other_format,
)
