"""Classifies the lines of X's streams, live or recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from producer import OutgoingRecord
from producer.first_words import plain
from tweets.compliance import MARKS_OF_POSTS, edit_of, notice_of
from tweets.records import record

_DISCONNECTS = ("operational-disconnect", "streaming-connection")

ERROR = "error message"
DISCONNECT = "disconnect"

# By the key of their content, an object. For v1.1's streams, including compliance streams.
_NOTICES = {
    "delete": "delete",
    "disconnect": DISCONNECT,
    "limit": "limit notice",
    "scrub_geo": "location removal",
    "status_withheld": "withheld-tweet notice",
    "user_withheld": "withheld-user notice",
    "warning": "warning",
    "direct_message": "direct message",
    "control": "control message",
    **dict.fromkeys(
        (f"user_{what}" for what in ("delete", "undelete", "protect", "unprotect")),
        "user notice",
    ),
    **dict.fromkeys(("user_suspend", "user_unsuspend"), "user notice"),
}
_FRIENDS = ("friends", "friends_str")
# In the `data` of v2's compliance streams.
_COMPLIANCE = ("tweet_", "user_", "scrub_geo", "delete", "withheld", "drop", "undrop")


@dataclass(frozen=True, slots=True)
class Post:
    """A post; `id` is None if X sent none, `rules` are those it matched: (id, tag).

    `change` is X's message about an edit, if an older version of the post may be stored; else
    empty.
    """

    id: str | None
    rules: frozenset[tuple[str, str]]
    record: OutgoingRecord
    change: bytes = b""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error message; after a disconnect message, nothing more will come."""

    detail: str
    is_disconnect: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of another known kind; `name` is that kind in the singular.

    `change` is the message itself, if it is about changed posts; else empty.
    """

    name: str
    change: bytes = b""


@dataclass(frozen=True, slots=True)
class Unknown:
    """JSON of an unknown kind."""


@dataclass(frozen=True, slots=True)
class Rubbish:
    """Not JSON."""


Message = Post | Problem | Notice | Unknown | Rubbish


def message_of(line: bytes) -> Message:
    """Classify a line that is not blank."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return Rubbish()
    if not isinstance(content, dict):
        return Unknown()
    if notice := notice_in(content):
        if isinstance(notice, Notice) and notice_of(content):
            return replace(notice, change=line)
        return notice
    if isinstance(content.get("data"), dict):
        return _post(content, line)
    return Unknown()


def notice_in(content: Mapping[str, object]) -> Problem | Notice | None:
    """The kind of a message that is not a tweet; None if it may be a tweet or is unknown."""
    data = content.get("data")
    if isinstance(data, dict):
        is_compliance = bool(data) and all(map(_is_compliance, data.items()))
        return Notice("compliance message") if is_compliance else None
    if any(mark in content for mark in MARKS_OF_POSTS):
        return None
    for key, name in _NOTICES.items():
        if isinstance(content.get(key), dict):
            return Notice(name)
    if any(isinstance(content.get(key), list) for key in _FRIENDS):
        return Notice("friends list")
    if isinstance(content.get("event"), str) and isinstance(content.get("source"), dict):
        return Notice("event")
    return _problem(content)


def reason_of(problem: Mapping[str, object]) -> str:
    """The text of a problem, in any of X's formats; empty if none."""
    for name in ("detail", "message", "title", "error_description", "error"):
        if isinstance(said := problem.get(name), str) and (words := plain(said)):
            return words
    return ""


def word(value: object) -> str:
    """A string or number, as X sends it; other values may be nested too deeply to write."""
    return str(value) if isinstance(value, str | int) else ""


def _problem(content: Mapping[str, object]) -> Problem | None:
    errors = content.get("errors")
    problems = errors if isinstance(errors, list) else [content]
    for problem in problems:
        if isinstance(problem, dict) and (errors or _is_disconnect(problem)):
            detail = reason_of(problem) or "no reason given"
            return Problem(detail, any(map(_is_disconnect, problems)))
    return None


def _post(content: dict[str, object], line: bytes) -> Post:
    data = content["data"]
    id_ = data.get("id") if isinstance(data, dict) else None
    rules = content.get("matching_rules")
    return Post(
        id=id_ if isinstance(id_, str) else None,
        rules=frozenset(
            (word(rule.get("id")), word(rule.get("tag")))
            for rule in (rules if isinstance(rules, list) else [])
            if isinstance(rule, dict)
        ),
        record=record(content, line),
        change=edit_of(content),
    )


def _is_compliance(member: tuple[str, object]) -> bool:
    key, value = member
    return key.startswith(_COMPLIANCE) and isinstance(value, dict)


def _is_disconnect(problem: object) -> bool:
    return isinstance(problem, dict) and word(problem.get("type")).endswith(_DISCONNECTS)
