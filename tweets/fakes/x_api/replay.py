"""Replays a recorded stream: each line unchanged, with the current rules."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tweets.fakes.entities import to_json
from tweets.fakes.model import Author, Link, Tweet
from tweets.fakes.x_api.rulebook import Rule

_EPOCH = datetime.fromtimestamp(0, UTC)
_GZIP = b"\x1f\x8b"

Json = Mapping[str, Any]


class Recording:
    """The posts of a recording, and the other messages between them.

    The posts are those in the shape of v2. Other lines, even invalid ones, are sent unchanged.
    Empty lines are left out, because the server sends its own heartbeats.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.tweets: list[Tweet] = []
        self._posts: list[dict[str, Any]] = []
        self._messages: defaultdict[int, list[bytes]] = defaultdict(list)
        for line in filter(None, map(bytes.strip, lines)):
            content = _object(line)
            tweet = content and _tweet(content)
            if content and tweet:
                self.tweets.append(tweet)
                self._posts.append(content)
            else:
                self._messages[len(self.tweets)].append(line)

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Read the whole file, gzip or not; raises OSError, and ValueError if it has no post."""
        with path.open("rb") as file:
            is_gzip = file.read(len(_GZIP)) == _GZIP
        try:
            with gzip.open(path) if is_gzip else path.open("rb") as lines:
                recording = cls(lines)
        except EOFError as error:
            raise ValueError(f"{path} is incomplete: {error}") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path} is not a valid gzip file: {error}") from error
        if not recording.tweets:
            raise ValueError(f"{path} has no posts. Each line must be a post of X's API v2")
        return recording

    def line(self, index: int, rules: Sequence[Rule]) -> bytes:
        """The recorded post, with these as its matching rules."""
        post = self._posts[index] | {"matching_rules": [rule.as_match() for rule in rules]}
        return to_json(post).encode() + b"\r\n"

    def messages_before(self, index: int) -> list[bytes]:
        """The lines between the previous post and this one, without those already taken."""
        return [line + b"\r\n" for line in self._messages.pop(index, [])]


def _object(line: bytes) -> dict[str, Any] | None:
    with suppress(ValueError, RecursionError):
        content = json.loads(line)
        return content if isinstance(content, dict) else None
    return None


def _tweet(content: Json) -> Tweet | None:
    """The properties of a post in its envelope; None if it is not a post."""
    data, includes = content.get("data"), content.get("includes")
    if not isinstance(data, dict) or not isinstance(data.get("id"), str) or "text" not in data:
        return None
    known = includes if isinstance(includes, dict) else {}
    users = {user.get("id"): user for user in _objects(known.get("users"))}
    tweets = {tweet.get("id"): tweet for tweet in _objects(known.get("tweets"))}
    others = {
        reference.get("type"): _said(tweets[reference["id"]], users)
        for reference in _objects(data.get("referenced_tweets"))
        if reference.get("id") in tweets
    }
    return _said(data, users)._replace(
        retweet_of=others.get("retweeted"),
        quote_of=others.get("quoted"),
        reply_to=others.get("replied_to"),
    )


def _said(data: Json, users: Mapping[object, Json]) -> Tweet:
    """A post without those that it refers to."""
    note = data.get("note_tweet")
    whole = note if isinstance(note, dict) and "text" in note else data
    entities = whole.get("entities")
    marks = entities if isinstance(entities, dict) else {}
    author = data.get("author_id")
    return Tweet(
        id=str(data.get("id")),
        created_at=_moment(data.get("created_at")),
        author=_author(str(author), users.get(author, {})),
        text=str(whole.get("text", "")),
        lang=str(data.get("lang", "und")),
        hashtags=tuple(str(mark.get("tag")) for mark in _objects(marks.get("hashtags"))),
        mentions=tuple(
            _author(str(mark.get("id")), mark) for mark in _objects(marks.get("mentions"))
        ),
        links=tuple(
            Link(str(mark.get("url")), str(mark.get("expanded_url")))
            for mark in _objects(marks.get("urls"))
        ),
    )


def _author(id_: str, user: Json) -> Author:
    name = str(user.get("username", ""))
    return Author(
        id=id_,
        name=str(user.get("name", name)),
        screen_name=name,
        lang="und",
        description="",
        created_at=_EPOCH,
        followers=0,
        following=0,
        tweets=0,
        verified=user.get("verified") is True,
    )


def _moment(text: object) -> datetime:
    with suppress(ValueError):
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    return _EPOCH


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
