"""The dashboard as an ASGI application: the page, its events, its questions and actions."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from localstack_embedded import EmulatorError
from tweetpipe import events
from tweetpipe.aws.errors import NothingThere, TweetpipeError, WrongUsage, mistake
from tweetpipe.aws.explain import explain
from tweetpipe.dashboard import page_json
from tweetpipe.dashboard.actions import Actions, Busy, NotAllowed
from tweetpipe.dashboard.admission import Admission
from tweetpipe.dashboard.guard import Guard
from tweetpipe.dashboard.pages import Failure, Pages
from tweetpipe.dashboard.questions import Questions, TooMany

STATIC = Path(__file__).with_name("static")

_MAX_BODY = 64 * 1024
_MAX_KEY = 2048  # bytes of DynamoDB's longest partition key
_STATUS: dict[type[Exception], int] = {
    Busy: 409,
    NotAllowed: 403,
    NothingThere: 404,
    TooMany: 429,
    WrongUsage: 400,
}

T = TypeVar("T")


def application(
    pages: Pages,
    questions: Questions,
    actions: Actions,
    *,
    host: str,
    admission: Admission | None,
) -> ASGIApp:
    """The application; `host` is the address it is bound to."""
    token = secrets.token_urlsafe(32)
    endpoints = _Endpoints(pages, questions, actions, token)
    app = Starlette(
        routes=[
            Route("/", endpoints.page),
            Route("/api/now", endpoints.now),
            Route("/api/events", endpoints.events),
            Route("/api/items", endpoints.items),
            Route("/api/item", endpoints.item),
            Route("/api/dead-letters", endpoints.dead_letters),
            Route("/api/dead-letters/redrive", endpoints.redrive, methods=["POST"]),
            Route("/api/dead-letters/purge", endpoints.purge, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={
            TweetpipeError: _failed,
            BotoCoreError: _failed,
            ClientError: _failed,
            Exception: _failed,
        },
    )
    return Guard(app, host=host, token=token, admission=admission)


class _Endpoints:
    def __init__(self, pages: Pages, questions: Questions, actions: Actions, token: str) -> None:
        self._pages = pages
        self._questions = questions
        self._actions = actions
        self._token = token

    async def page(self, request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def now(self, request: Request) -> Response:
        """Everything a page needs to start, or to start over."""
        latest = self._pages.latest()
        return _json(
            {
                "token": self._token,
                "may_act": self._actions.allowed,
                "options": self._actions.options,
                "key": [part.name for part in events.chosen().key],
                "history": page_json.columns(self._pages.history()),
                "snapshot": latest and page_json.snapshot(latest),
                "asked": self._asked(),
            }
        )

    async def events(self, request: Request) -> Response:
        """The endless stream of changes; each event is sent once."""
        return StreamingResponse(
            self._events(),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def items(self, request: Request) -> Response:
        partition = _parameter(request, "partition")
        after = _parameter(request, "after") if "after" in request.query_params else None
        return _json(await _aside(lambda: self._questions.items(partition, after)))

    async def item(self, request: Request) -> Response:
        key = _parameter(request, "partition"), _parameter(request, "sort")
        item = await _aside(lambda: self._questions.item(key))
        way = self._pages.way(key)
        known = way and {
            "shard": way.shard,
            "sequence_number": way.sequence_number,
            "latency_s": way.latency_s,
            "landed_at": way.landed_at,
        }
        return _json({"item": item, "way": known})

    async def dead_letters(self, request: Request) -> Response:
        return _json(await _aside(self._questions.dead_letters))

    async def redrive(self, request: Request) -> Response:
        body = await _body(request)
        ids = None if body.get("all") is True else _ids(body)
        return _json(await _aside(lambda: self._actions.redrive(ids)))

    async def purge(self, request: Request) -> Response:
        ids = _ids(await _body(request))
        return _json(await _aside(lambda: self._actions.purge(ids)))

    async def _events(self) -> AsyncIterator[bytes]:
        # Some proxies hold back headers without a body, and the page waits for them.
        yield page_json.event("beat", None)
        sent: set[page_json.Key] = set()
        async for seen in self._pages.updates():
            if seen is None:
                yield page_json.event("beat", None)
                continue
            if isinstance(seen, Failure):
                yield page_json.event("trouble", seen.why)
                continue
            message = page_json.snapshot(seen, without=sent) | {"asked": self._asked()}
            sent = {page_json.key(landed) for landed in seen.newest}
            yield page_json.event("snapshot", message)
        yield page_json.event("end", None)

    def _asked(self) -> dict[str, float]:
        budget = self._questions.budget
        return {"per_s": budget.per_s(), "limit_per_s": budget.limit_per_s}


def _json(content: Any) -> Response:
    return JSONResponse(content, headers={"cache-control": "no-store"})


def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, BotoCoreError | ClientError):
        return JSONResponse({"error": explain(error)}, 502)
    if isinstance(error, TweetpipeError | EmulatorError):
        return JSONResponse({"error": str(error)}, _STATUS.get(type(error), 502))
    return JSONResponse({"error": mistake(error)}, 500)


def _parameter(request: Request, name: str) -> str:
    value = request.query_params.get(name, "")
    if not value or len(value.encode(errors="replace")) > _MAX_KEY:
        raise WrongUsage(
            f"{name} is empty or too long for a key of the table. Enter the value as stored."
        )
    return value


async def _body(request: Request) -> dict[str, Any]:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MAX_BODY:
            raise WrongUsage("The request is too large.")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WrongUsage("The request body is not JSON.") from error
    if not isinstance(body, dict):
        raise WrongUsage("The request body is not a JSON object.")
    return body


def _ids(body: dict[str, Any]) -> frozenset[str]:
    ids = body.get("ids")
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise WrongUsage("The request must give dead letters by their ids.")
    return frozenset(ids)


async def _aside(work: Callable[[], T]) -> T:
    """Run it in a thread that does not keep the process alive at exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        failure: Exception | None = None
        try:
            result = work()
        except Exception as error:
            failure = error
        except BaseException as error:
            # Unconverted, it would end the server and not only the response.
            failure = TweetpipeError(mistake(error))
        with suppress(RuntimeError):  # the loop is closed, so no one waits any more
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="dashboard work", daemon=True).start()
    return await done
