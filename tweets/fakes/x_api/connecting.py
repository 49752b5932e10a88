"""Answers a connect to the stream: with the stream, or X's reason for a refusal."""

from __future__ import annotations

import asyncio
import math
from email.utils import formatdate

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tweets.fakes.x_api.faults import Fault
from tweets.fakes.x_api.fields import Fields, FieldsError
from tweets.fakes.x_api.problems import (
    NOT_FOUND,
    RATE_LIMIT,
    UNAUTHORIZED,
    Problem,
    invalid_request,
    no_rules,
    not_enrolled,
    server_error,
    too_many_connections,
    usage_capped,
)
from tweets.fakes.x_api.state import FakeX
from tweets.fakes.x_api.stream import Stream

_FAULTS: dict[str, tuple[int, Problem]] = {
    "401": (401, UNAUTHORIZED),
    "403": (403, not_enrolled()),
    "404": (404, NOT_FOUND),
    "409": (409, no_rules()),
    "429": (429, RATE_LIMIT),
    "429-bare": (429, RATE_LIMIT),
    "too-many-connections": (429, too_many_connections()),
    "usage-capped": (429, usage_capped()),
    **{str(status): (status, server_error(status)) for status in (500, 502, 503, 504)},
}


async def connect(fake: FakeX, request: Request) -> Response:
    """Answer a request that is authorized and within the limits."""
    headers = fake.windows["stream"].headers()
    try:
        minutes, query = _backfill(fake, request.query_params.multi_items())
        fields = Fields.from_query(query)
    except FieldsError as error:
        return JSONResponse(error.problem, 400, headers=headers)
    again: list[int] = []
    while fault := fake.script.take_at_connect():
        fake.log(f"answered a connect: {fault}")
        if fault.kind != "duplicates":
            fake.listener.settle()
            fake.changed()
            return _fault(fake, fault, headers)
        again = fake.sent[-int(fault.value) :] if fault.value >= 1 else []
    if not fake.usage.left:
        return JSONResponse(usage_capped(), 429, headers=headers)
    if not fake.rules.rules:
        return JSONResponse(no_rules(), 409, headers=headers)
    if await _occupied(fake):
        return JSONResponse(too_many_connections(), 429, headers=headers)
    return _StreamResponse(fake, fields, again, minutes, headers)


def _backfill(fake: FakeX, query: list[tuple[str, str]]) -> tuple[int, list[tuple[str, str]]]:
    """The minutes of backfill, and the rest of the query."""
    name = "backfill_minutes"
    asked = dict(query).get(name)
    if asked is None:
        return 0, query
    if not fake.limits.backfill:
        message = f"This App may not use `{name}`."
        raise FieldsError(invalid_request(name, [asked], message))
    if not asked.isdecimal() or int(asked) > fake.limits.backfill:
        message = f"`{name}` must be from 0 to {fake.limits.backfill}."
        raise FieldsError(invalid_request(name, [asked], message))
    return int(asked), [pair for pair in query if pair[0] != name]


def _fault(fake: FakeX, fault: Fault, headers: dict[str, str]) -> Response:
    if fault.kind == "html":
        return HTMLResponse("<html><body>Sign in to use this network</body></html>")
    status, problem = _FAULTS[fault.kind]
    if fault.kind == "429-bare":
        headers = {}
    elif fault.kind == "429":
        reset = math.ceil(fake.clock() + fault.value)
        headers |= {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
    return JSONResponse(problem, status, headers=headers)


async def _occupied(fake: FakeX) -> bool:
    # If a reader disconnects and reconnects at once, let the server notice the disconnect first.
    for _ in range(10):
        if len(fake.held) < fake.limits.connections:
            return False
        await asyncio.sleep(0)
    return True


class _StreamResponse(Response):
    """The endless answer, whose body `Stream` writes."""

    def __init__(
        self,
        fake: FakeX,
        fields: Fields,
        again: list[int],
        minutes: int,
        headers: dict[str, str],
    ) -> None:
        super().__init__()
        self._fake, self._fields, self._again, self._minutes = fake, fields, again, minutes
        self._limits = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = self._fake.connected(scope["client"])
        again = [*self._again, *self._missed()]
        stream = Stream(self._fake, connection, self._fields, again, send, receive)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "date": formatdate(connection.at, usegmt=True),
            **self._limits,
        }
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await stream.run()

    def _missed(self) -> list[int]:
        if not self._minutes:
            return []
        since = self._fake.clock() - 60 * self._minutes
        return [post.index for post in self._fake.posts.between(since, math.inf)]
