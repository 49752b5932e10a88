"""The posts that the fake X has published, with or without a reader, and their times."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from tweets.fakes.model import Tweet


class Published(NamedTuple):
    """A post, and the UNIX time by the fake X's clock at which it was published."""

    index: int  # type: ignore[assignment]  # hides the unused method of tuples
    at: float
    tweet: Tweet


class Log:
    """The posts in order of publication; thread-safe."""

    def __init__(self) -> None:
        self._posts: list[Published] = []
        self._by_index: dict[int, Published] = {}
        self._by_id: dict[str, Published] = {}

    def add(self, index: int, at: float, tweet: Tweet) -> None:
        """Record a post that is newer than all others."""
        post = Published(index, at, tweet)
        self._by_index[index] = self._by_id[tweet.id] = post
        self._posts.append(post)

    def between(self, since: float, until: float) -> list[Published]:
        """The posts from `since` to before `until`, oldest first."""
        posts = self._posts
        first, end = (bisect_left(posts, at, key=lambda post: post.at) for at in (since, until))
        return posts[first:end]

    def at(self, index: int) -> Published | None:
        """The post at `index`; None if it is not yet published."""
        return self._by_index.get(index)

    def by_id(self, id_: str) -> Published | None:
        """The post with that id, None if there is none."""
        return self._by_id.get(id_)

    def __len__(self) -> int:
        return len(self._posts)
