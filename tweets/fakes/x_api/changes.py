"""Changes of published posts: deletes, edits, and so on."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from tweets.fakes.entities import to_json
from tweets.fakes.model import Tweet

Reason = Literal["deleted", "protected", "deactivated", "suspended"]
Json = dict[str, Any]

_OF_AUTHORS: dict[Reason, str] = {
    "deactivated": "user_delete",
    "deleted": "user_delete",
    "protected": "user_protect",
    "suspended": "user_suspend",
}
_FORMS = {"delete": 1, "edit": 2, "withhold": 2, "scrub_geo": 1, "author": 2}
"""The changes that a request can make, with the number of arguments of each."""


class Changes:
    """The changes by ids of posts; thread-safe.

    Unless a change is `quiet`, readers of the stream also get it, in the form of v1.1's streams.
    X's filtered stream reports only edits, as separate posts.
    """

    def __init__(self, post: Callable[[str], Tweet | None]) -> None:
        self._published = post
        self._lock = threading.RLock()
        self._gone: dict[str, Reason] = {}
        self._authors: dict[str, Reason] = {}
        self._without_place: set[str] = set()
        self._versions: dict[str, list[Tweet]] = {}  # of a post, by the id of each
        self._told: deque[bytes | Tweet] = deque()

    def delete(self, id_: str, reason: Reason = "deleted", *, quiet: bool = False) -> None:
        """Delete a post with all its versions."""
        with self._lock:
            for each in self.history(id_):
                self._gone[each] = reason
            status = {"id": int(id_), "id_str": id_}
            if post := self.post(id_):
                status |= {"user_id": int(post.author.id), "user_id_str": post.author.id}
            self._tell({"delete": {"status": status}}, quiet=quiet)

    def edit(self, id_: str, text: str, *, quiet: bool = False) -> str:
        """Replace a post with a version that has another text, and return the version's id.

        Raises KeyError for a post that was never published.
        """
        with self._lock:
            if (post := self.post(id_)) is None:
                raise KeyError(id_)
            versions = self._versions.get(id_, [post])
            last = versions[-1]
            # X doesn't allow editing a retweet: here it becomes a separate post.
            new = last._replace(id=str(int(last.id) + 1), text=text, retweet_of=None)
            versions.append(new)
            for each in versions:
                self._versions[each.id] = versions
            if not quiet:
                self._told.append(new)
            return new.id

    def withhold(self, id_: str, countries: Sequence[str], *, quiet: bool = False) -> None:
        """Withhold a post in these countries."""
        said = {"id": int(id_), "withheld_in_countries": list(countries)}
        self._tell({"status_withheld": said}, quiet=quiet)

    def scrub_geo(self, id_: str, *, quiet: bool = False) -> None:
        """Remove the place of a post and of all earlier posts of its author."""
        with self._lock:
            self._without_place.add(id_)
            if post := self.post(id_):
                said = {"user_id": int(post.author.id), "up_to_status_id": int(id_)}
                self._tell({"scrub_geo": said}, quiet=quiet)

    def author(self, user_id: str, reason: Reason, *, quiet: bool = False) -> None:
        """Delete all posts of an author."""
        with self._lock:
            self._authors[user_id] = reason
            self._tell({_OF_AUTHORS[reason]: {"id": int(user_id)}}, quiet=quiet)

    def make(self, wanted: Mapping[str, Any]) -> None:
        """Make a change given by name, as in JSON; raises ValueError and KeyError."""
        for name, count in _FORMS.items():
            if name in wanted:
                rest = [wanted[key] for key in ("text", "countries", "reason") if key in wanted]
                if len(rest) != count - 1:
                    break
                getattr(self, name)(str(wanted[name]), *rest)
                return
        raise ValueError(f"use one of {', '.join(_FORMS)}")

    def post(self, id_: str) -> Tweet | None:
        """A published post, or a version of one, by its id, even if it was deleted."""
        with self._lock:
            for version in self._versions.get(id_, ()):
                if version.id == id_:
                    return version
        return self._published(id_)

    def latest(self, tweet: Tweet) -> Tweet:
        """The newest version of a post."""
        with self._lock:
            return self._versions.get(tweet.id, [tweet])[-1]

    def history(self, id_: str) -> list[str]:
        """The ids of a post's versions, oldest first; only its own if it was not edited."""
        with self._lock:
            return [version.id for version in self._versions.get(id_, ())] or [id_]

    def is_gone(self, id_: str) -> bool:
        return self.why_gone(id_) is not None

    def why_gone(self, id_: str) -> Reason | None:
        with self._lock:
            post = self.post(id_)
            reason = self._gone.get(id_)
            if reason is None and post:
                reason = self._authors.get(post.author.id)
                if reason is None and post.retweet_of:
                    # A retweet is deleted with its original.
                    reason = self.why_gone(post.retweet_of.id)
            return reason

    def event(self, id_: str) -> Json | None:
        """The result of a compliance job for an id; None if nothing has to be done."""
        with self._lock:
            if reason := self.why_gone(id_):
                at = {"redacted_at": None, "deleted_at": None}
                return {"id": id_, "action": "delete", "reason": reason, **at}
            if self.history(id_)[-1] != id_:
                return {"id": id_, "action": "rehydrate", "reason": "tweet_edited"}
            if id_ in self._without_place:
                return {"id": id_, "action": "scrub_geo", "reason": "geo_scrubbed"}
            return None

    def take(self) -> bytes | Tweet | None:
        """The next line or post to send to readers of the stream."""
        with self._lock:
            return self._told.popleft() if self._told else None

    def _tell(self, message: Json, *, quiet: bool) -> None:
        if not quiet:
            self._told.append(to_json(message).encode() + b"\r\n")
