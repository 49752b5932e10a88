"""`/2/tweets/search/stream/rules`: lists, adds, and deletes rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tweets.fakes.x_api.problems import Answer, Problem, invalid_request
from tweets.fakes.x_api.state import FakeX

_PAGE = 1000


class _Wrong(ValueError):
    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(400, invalid_request(parameter, [], message))


def list_rules(fake: FakeX, query: Mapping[str, str]) -> Answer:
    """A page of all rules, or of those with the comma-separated `ids`."""
    ids = query.get("ids")
    wanted = None if ids is None else ids.split(",")
    rules = [rule.as_json() for rule in fake.rules.rules if wanted is None or rule.id in wanted]
    most, token = query.get("max_results", str(_PAGE)), query.get("pagination_token", "0")
    if not most.isdecimal() or not 1 <= int(most) <= _PAGE:
        return Answer(400, invalid_request("max_results", [most], f"It must be from 1 to {_PAGE}."))
    if not token.isdecimal():
        return Answer(400, invalid_request("pagination_token", [token], "No such page exists."))
    end = int(token) + int(most)
    page = rules[int(token) : end]
    body: dict[str, Any] = {"data": page} if page else {}
    meta: dict[str, Any] = {"sent": moment(fake.clock()), "result_count": len(page)}
    if end < len(rules):
        meta["next_token"] = f"{end:016}"
    return Answer(200, {**body, "meta": meta})


def change_rules(fake: FakeX, query: Mapping[str, str], body: bytes) -> Answer:
    """Add or delete: exactly one of `add`, `delete` and the query's `delete_all`."""
    try:
        dry_run = _flag(query, "dry_run")
        if _flag(query, "delete_all"):
            return _deleted(fake, fake.rules.delete_all(dry_run=dry_run), [])
        request = _object(_json(body), "the body", {"add", "delete"})
        if len(request) != 1:
            raise _Wrong("add", "Use either add or delete.")
        if "add" in request:
            return _add(fake, request["add"], dry_run)
        return _delete(fake, request["delete"], dry_run)
    except _Wrong as wrong:
        return wrong.answer


def _add(fake: FakeX, wanted: object, dry_run: bool) -> Answer:
    if not isinstance(wanted, list) or not wanted:
        raise _Wrong("add", "add must be a list of at least one rule.")
    rules = [_object(rule, "a rule", {"value", "tag"}) for rule in wanted]
    if not all(isinstance(text, str) for rule in rules for text in rule.values()):
        raise _Wrong("add", "value and tag must be strings.")
    if not all("value" in rule for rule in rules):
        raise _Wrong("add", "a rule needs a value.")
    pairs = [(rule["value"], rule.get("tag", "")) for rule in rules]
    added, errors = fake.rules.add(pairs, dry_run=dry_run)
    fake.changed()
    fake.log(f"rules: {len(added)} added, {len(errors)} refused{' (dry run)' if dry_run else ''}")
    body: dict[str, Any] = {"data": [rule.as_json() for rule in added]} if added else {}
    body["meta"] = {
        "sent": moment(fake.clock()),
        "summary": {
            "created": len(added),
            "not_created": len(errors),
            "valid": len(added),
            "invalid": len(errors),
        },
    }
    if errors:
        body["errors"] = errors
    return Answer(201 if added else 200, body)


def _delete(fake: FakeX, wanted: object, dry_run: bool) -> Answer:
    lists = _object(wanted, "delete", {"ids", "values"})
    if not lists:
        raise _Wrong("delete", "delete needs ids or values.")
    for name, texts in lists.items():
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise _Wrong(name, f"{name} must be a list of strings.")
    ids, values = lists.get("ids", []), lists.get("values", [])
    return _deleted(fake, *fake.rules.delete(ids, values, dry_run=dry_run))


def _deleted(fake: FakeX, deleted: int, errors: list[Problem]) -> Answer:
    fake.changed()
    fake.log(f"rules: {deleted} deleted")
    summary = {"deleted": deleted, "not_deleted": len(errors)}
    body: dict[str, Any] = {"meta": {"sent": moment(fake.clock()), "summary": summary}}
    return Answer(200, {**body, "errors": errors} if errors else body)


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _Wrong("body", "The body is not JSON.") from None


def _object(value: object, what: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong("body", f"{what} must be an object.")
    if unknown := value.keys() - names:
        raise _Wrong(min(unknown), f"{what} has no {min(unknown)}.")
    return value


def _flag(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise _Wrong(name, f"{name} must be true or false.")
    return text == "true"


def moment(at: float) -> str:
    """A UNIX time in X's format."""
    time = datetime.fromtimestamp(at, UTC)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
