"""What the producer sends: one record of Kinesis data, and the rule for its partition key."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any, NamedTuple

MAX_RECORD_BYTES = 1024 * 1024
"""Data and partition key of one record, unless the stream's `MaxRecordSizeInKiB` was raised."""

LARGEST_RECORD_BYTES = 10 * MAX_RECORD_BYTES
"""As much as that can be raised to: https://docs.aws.amazon.com/streams/latest/dev/large-records.html"""

MAX_PARTITION_KEY_CHARACTERS = 256
"""Kinesis API reference, PutRecordsRequestEntry."""


STDIN = "-"
"""Standard input, where a file is named."""


class Origin(NamedTuple):
    """Where a record was found, counted from 1 on, and after `byte` where reading began there."""

    file: str
    number: int
    unit: str = "line"
    byte: int = 0

    def __str__(self) -> str:
        after = f" after byte {self.byte:,}" if self.byte else ""
        file = "standard input" if self.file == STDIN else self.file
        return f"{self.unit} {self.number:,}{after} of {file}"


class OutgoingRecord(NamedTuple):
    """One record for Kinesis; `data` is a single line, so it must hold no newline."""

    data: bytes
    partition_key: str
    origin: Origin | None = None

    @property
    def size(self) -> int:
        """Bytes that Kinesis counts: the data and the partition key in UTF-8."""
        return len(self.data) + len(self.partition_key.encode())


def partition_key_of(data: bytes) -> str:
    """The author's screen name (v2: username), else the author's id, else a digest of the data.

    The same bytes always give the same key, whether they hold a tweet or not.
    """
    tweet = None
    if len(data) <= LARGEST_RECORD_BYTES:
        with suppress(ValueError, RecursionError):
            tweet = json.loads(data)
    return partition_key_of_tweet(tweet, data)


def partition_key_of_tweet(tweet: object, data: bytes) -> str:
    """The partition key of `data`, which says `tweet`; for who has decoded it already."""
    key = _author_of(tweet)
    if key is None:
        return hashlib.blake2b(data, digest_size=16).hexdigest()
    return key[:MAX_PARTITION_KEY_CHARACTERS]


def _author_of(tweet: object) -> str | None:
    if not isinstance(tweet, dict):
        return None
    if isinstance(post := tweet.get("data"), dict):
        return _author_of_post(post, tweet.get("includes"))
    if isinstance(user := tweet.get("user"), dict):
        return _first_text(user.get("screen_name"), user.get("id_str"), user.get("id"))
    return _author_of_post(tweet, tweet.get("includes"))


def _author_of_post(post: dict[str, Any], includes: Any) -> str | None:
    """Of a v2 post, in an envelope or not, and flattened or not: an author has one key in all."""
    author_id = post.get("author_id")
    author = post.get("author")
    inside = author if isinstance(author, dict) else {}
    return _first_text(
        _username_of(author_id, includes), inside.get("username"), author_id, inside.get("id")
    )


def _username_of(author_id: Any, includes: Any) -> Any:
    users = includes.get("users") if isinstance(includes, dict) else None
    if author_id is None or not isinstance(users, list):
        return None
    for user in users:
        if isinstance(user, dict) and user.get("id") == author_id:
            return user.get("username")
    return None


def _first_text(*candidates: Any) -> str | None:
    for candidate in candidates:
        if isinstance(candidate, int) and not isinstance(candidate, bool):
            return str(candidate)
        if isinstance(candidate, str) and candidate and _encodable(candidate):
            return candidate
    return None


def _encodable(text: str) -> bool:
    # JSON may escape half of a surrogate pair, which UTF-8 cannot carry.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
