"""What a line of the stream is."""

from __future__ import annotations

import json
from dataclasses import dataclass

from producer.outgoing import OutgoingRecord, partition_key_of_tweet
from producer.x.errors import reason_of, word

_DISCONNECTS = ("operational-disconnect", "streaming-connection")


@dataclass(frozen=True, slots=True)
class Post:
    """A post; `id` is None where X sent none, `rules` are those it matched: (id, tag)."""

    id: str | None
    rules: frozenset[tuple[str, str]]
    record: OutgoingRecord


@dataclass(frozen=True, slots=True)
class Problem:
    """An error message; after a disconnect, nothing more will come."""

    detail: str
    is_disconnect: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """JSON of a kind that is none of ours."""


@dataclass(frozen=True, slots=True)
class Rubbish:
    """No JSON."""


Message = Post | Problem | Unknown | Rubbish


def message_of(line: bytes) -> Message:
    """What a line that is not blank says."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return Rubbish()
    if not isinstance(content, dict):
        return Unknown()
    if isinstance(content.get("data"), dict):
        return _post(content, line)
    errors = content.get("errors")
    problems = errors if isinstance(errors, list) else [content]
    for problem in problems:
        if isinstance(problem, dict) and (errors or _is_disconnect(problem)):
            detail = reason_of(problem) or "no reason given"
            return Problem(detail, any(map(_is_disconnect, problems)))
    return Unknown()


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
        record=OutgoingRecord(line, partition_key_of_tweet(content, line)),
    )


def _is_disconnect(problem: object) -> bool:
    return isinstance(problem, dict) and word(problem.get("type")).endswith(_DISCONNECTS)
