"""X's messages about posts and authors, in all formats.

v1.1's streams say `{"delete": {"status": {"id": 1, "user_id": 2}}}`, v2's compliance streams
`{"data": {"delete": {"tweet": {"id": "1", "author_id": "2"}, "event_at": "..."}}}`.
https://docs.x.com/x-api/compliance/streams/introduction
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_OF_POSTS = frozenset({"delete", "withheld", "drop", "undrop", "edit"})
_OF_AUTHORS = frozenset(
    {
        "scrub_geo",
        "user_delete",
        "user_undelete",
        "user_protect",
        "user_unprotect",
        "user_suspend",
        "user_unsuspend",
        "user_withheld",
        "user_profile_modification",
    }
)
_PREFIXES = ("status_", "tweet_")  # used by a kind in some of the forms
MARKS_OF_POSTS = ("id", "id_str", "text", "full_text", "user", "created_at")


@dataclass(frozen=True, slots=True)
class Notice:
    """A change of a post, or of an author's posts; `id` is empty if X sent none.

    `versions` are those of an edited post, oldest first; `countries` are where it is withheld;
    `up_to` is the newest post affected by a removal of locations.
    """

    kind: str
    id: str
    versions: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    up_to: int = 0

    @property
    def is_of_author(self) -> bool:
        return self.kind in _OF_AUTHORS


def notice_of(content: Mapping[str, Any]) -> Notice | None:
    """The notice in a JSON object; None for a post or anything else."""
    if isinstance(message := content.get("message"), dict) and "for_user" in content:
        content = message
    data = content.get("data")
    said = data if isinstance(data, dict) else content
    # A post may have its own member `withheld`.
    if any(mark in said for mark in MARKS_OF_POSTS):
        return None
    for key, body in said.items():
        if (kind := _kind(key)) and isinstance(body, dict):
            return _notice(kind, body)
    return None


def edit_of(content: Mapping[str, Any]) -> bytes:
    """X's message about an edit, for an edited post; empty for others."""
    data = content.get("data")
    post = data if isinstance(data, dict) else content
    versions = _texts(post.get("edit_history_tweet_ids"))
    if len(versions) < 2:
        return b""
    edit = {
        "tweet": {"id": versions[-1]},
        "initial_tweet_id": versions[0],
        "edit_tweet_ids": list(versions),
    }
    return json.dumps({"data": {"tweet_edit": edit}}).encode()


def id_in(thing: object, *names: str) -> str:
    """The first of these members that is an id, as text or number; else empty."""
    if isinstance(thing, dict):
        for name in names:
            value = thing.get(name)
            if (isinstance(value, str) and value) or type(value) is int:
                return str(value)
    return ""


def _kind(key: str) -> str:
    for prefix in _PREFIXES:
        key = key.removeprefix(prefix)
    return key if key in _OF_POSTS or key in _OF_AUTHORS else ""


def _notice(kind: str, body: Mapping[str, Any]) -> Notice:
    whose = "user" if kind in _OF_AUTHORS else "status" if "status" in body else "tweet"
    inner = body.get(whose)
    thing = inner if isinstance(inner, dict) else body
    names = ("id_str", "id", *(("user_id_str", "user_id") if kind in _OF_AUTHORS else ()))
    up_to = id_in(body, "up_to_status_id_str", "up_to_status_id", "up_to_tweet_id")
    versions = _texts(body.get("edit_tweet_ids"))
    initial, newest = id_in(body, "initial_tweet_id"), id_in(thing, *names)
    return Notice(
        kind=kind,
        id=newest,
        versions=tuple(dict.fromkeys(filter(None, (initial, *versions, newest))))
        if kind == "edit"
        else (),
        countries=_texts(body.get("withheld_in_countries")),
        up_to=int(up_to) if up_to.isascii() and up_to.isdigit() else 0,
    )


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        return ()
    return tuple(str(value) for value in values if isinstance(value, str) or type(value) is int)
