"""`GET /2/tweets`: the current posts with the given ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tweets.fakes.x_api.fields import Fields, FieldsError
from tweets.fakes.x_api.problems import Answer, invalid_request, not_found
from tweets.fakes.x_api.state import FakeX

_MOST = 100


def look_up(fake: FakeX, query: Mapping[str, str]) -> Answer:
    """The posts of the comma-separated `ids`; deleted ones are among the errors."""
    ids = [id_ for id_ in query.get("ids", "").split(",") if id_]
    if not 1 <= len(ids) <= _MOST:
        message = f"ids must be 1 to {_MOST} ids."
        return Answer(400, invalid_request("ids", ids[:1], message))
    try:
        fields = Fields.from_query((n, v) for n, v in query.items() if n != "ids")
    except FieldsError as error:
        return Answer(400, error.problem)
    page: dict[str, Any] = {}
    includes: dict[str, dict[str, Any]] = {}
    for id_ in dict.fromkeys(ids):
        post = fake.changes.post(id_)
        if post is None or fake.changes.is_gone(id_):
            page.setdefault("errors", []).append(not_found(id_))
            continue
        whole = json.loads(fields.line(post, (), versions=fake.changes.history(id_)))
        page.setdefault("data", []).append(whole["data"])
        fake.usage.charge([id_])
        for kind, things in whole.get("includes", {}).items():
            includes.setdefault(kind, {}).update({thing["id"]: thing for thing in things})
    if includes:
        page["includes"] = {kind: list(things.values()) for kind, things in includes.items()}
    return Answer(200, page)
