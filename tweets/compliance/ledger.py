"""Records changes of posts, from X's streams and its batch jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from producer.first_words import plain
from tweets.compliance.notices import Notice, edit_of, id_in, notice_of

_GONE_WITH_AUTHOR = {
    "user_delete": "deleted",
    "user_protect": "protected",
    "user_suspend": "suspended",
}
_BACK_WITH_AUTHOR = ("user_undelete", "user_unprotect", "user_unsuspend")


class Ledger:
    """Learns line by line; if lines contradict, the later one counts.

    `heard` counts the messages by kind; `refused` the ids that X's job rejects as invalid;
    `unknown` the results whose action X doesn't document, by action.
    """

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self.refused = 0
        self.unknown: Counter[str] = Counter()
        self._gone: dict[str, str] = {}  # why, by the post's id
        self._authors: dict[str, str] = {}  # why all their posts are gone, by the author's id
        self._withheld: dict[str, tuple[str, ...]] = {}
        self._stale: set[str] = set()
        self._without_place: set[str] = set()
        self._up_to: dict[str, int] = {}  # of an author's posts, those without a place
        self._versions: dict[str, dict[str, None]] = {}  # of a post's, all known, by each id

    def learn(self, content: object) -> bool:
        """Process a line of a stream; False if it says nothing about a changed post."""
        if not isinstance(content, dict):
            return False
        if isinstance(posts := content.get("data"), list):
            return any([self.learn(post) for post in posts])
        notice = notice_of(content)
        if notice is None:
            edited = edit_of(content)
            if not edited:
                return False
            data = content.get("data")
            post = data if isinstance(data, dict) else content
            notice = Notice("edit", "", versions=tuple(map(str, post["edit_history_tweet_ids"])))
        self._take(notice)
        return True

    def learn_result(self, line: Mapping[str, Any]) -> bool:
        """Process a line of a batch job's results; False if it is not one.

        https://docs.x.com/x-api/compliance/batch-compliance/integrate
        """
        id_, action = id_in(line, "id"), line.get("action")
        if not id_ or not isinstance(action, str):
            if is_error := "error" in line:
                self.refused += 1
            else:
                self.unknown["none"] += 1
            return is_error
        reason = str(line.get("reason") or action)
        # Earlier, a removed location was an action "delete" too, for that reason.
        if action == "scrub_geo" or reason in ("scrub_geo", "geo_scrubbed"):
            self._without_place.add(id_)
        elif action == "rehydrate":
            self._stale.add(id_)
        elif action == "delete":
            self._gone[id_] = reason
        else:
            self.unknown[plain(action)] += 1
            return False
        return True

    def why_gone(self, id_: str) -> str:
        """Why a post must be deleted, or empty. Deleting any version deletes them all."""
        for each in self._versions.get(id_, {id_: None}):
            if each in self._gone:
                return self._gone[each]
        return ""

    def why_author_is_gone(self, author_id: str) -> str:
        return self._authors.get(author_id, "")

    def countries(self, id_: str) -> tuple[str, ...] | None:
        """Where a post is withheld; None if unknown."""
        return self._withheld.get(id_)

    def is_version(self, id_: str) -> bool:
        """Whether a post, given by any of its versions, is known to have been edited."""
        return id_ in self._versions

    def newer(self, id_: str) -> set[str]:
        """The versions known to be newer than this one; empty if it is the last or only one."""
        # Ids grow with time.
        return {each for each in self._versions.get(id_, ()) if _number(each) > _number(id_)}

    def is_stale(self, id_: str) -> bool:
        """Whether X's job says that a newer version must be fetched."""
        return id_ in self._stale

    def has_lost_place(self, id_: str, author_id: str) -> bool:
        """Whether the post's location must be removed."""
        return id_ in self._without_place or _number(id_) <= self._up_to.get(author_id, 0)

    def gone(self) -> set[str]:
        """The ids of all deleted posts."""
        return set(self._gone)

    @property
    def of_authors(self) -> int:
        """How many messages were about all posts of an author."""
        return sum(self.heard[kind] for kind in _GONE_WITH_AUTHOR) + self.heard["user_withheld"]

    def _take(self, notice: Notice) -> None:
        self.heard[notice.kind] += 1
        if notice.is_of_author:
            self._take_of_author(notice)
        elif notice.kind == "edit":
            self._join(notice.versions)
        elif notice.kind == "delete":
            self._gone[notice.id] = "deleted"
        elif notice.kind == "drop":
            self._gone.setdefault(notice.id, "dropped")
        elif notice.kind == "undrop" and self._gone.get(notice.id) == "dropped":
            del self._gone[notice.id]
        elif notice.kind == "withheld":
            self._withheld[notice.id] = notice.countries

    def _take_of_author(self, notice: Notice) -> None:
        if notice.kind in _GONE_WITH_AUTHOR:
            self._authors[notice.id] = _GONE_WITH_AUTHOR[notice.kind]
        elif notice.kind in _BACK_WITH_AUTHOR:
            self._authors.pop(notice.id, None)
        elif notice.kind == "scrub_geo":
            self._up_to[notice.id] = max(notice.up_to, self._up_to.get(notice.id, 0))

    def _join(self, versions: tuple[str, ...]) -> None:
        joined = dict.fromkeys(versions)
        for id_ in versions:
            joined |= self._versions.get(id_, {})
        for id_ in joined:
            self._versions[id_] = joined


def _number(id_: str) -> int:
    return int(id_) if id_.isascii() and id_.isdigit() else 0
