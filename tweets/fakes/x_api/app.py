"""The server's endpoints as an ASGI application."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tweets.fakes.x_api.auth import asks_for_app_token
from tweets.fakes.x_api.connecting import connect
from tweets.fakes.x_api.connections_endpoint import (
    ENDPOINT,
    end_all,
    end_connections,
    list_connections,
)
from tweets.fakes.x_api.faults import FaultError
from tweets.fakes.x_api.jobs_endpoint import routes as job_routes
from tweets.fakes.x_api.limits import Endpoint
from tweets.fakes.x_api.lookup_endpoint import look_up
from tweets.fakes.x_api.problems import RATE_LIMIT, WRONG_CREDENTIALS, Answer
from tweets.fakes.x_api.rules_endpoint import change_rules, list_rules
from tweets.fakes.x_api.search_endpoint import search
from tweets.fakes.x_api.state import FakeX

STREAM_PATH = "/2/tweets/search/stream"
RULES_PATH = f"{STREAM_PATH}/rules"
USAGE_PATH = "/2/usage/tweets"
CONNECTIONS_PATH = "/2/connections"


def application(fake: FakeX) -> Starlette:
    """The application with all endpoints."""
    endpoints = _Endpoints(fake)
    return Starlette(
        routes=[
            Route("/oauth2/token", endpoints.token, methods=["POST"]),
            Route(STREAM_PATH, endpoints.stream, methods=["GET"]),
            Route(RULES_PATH, endpoints.list_rules, methods=["GET"]),
            Route(RULES_PATH, endpoints.change_rules, methods=["POST"]),
            Route(USAGE_PATH, endpoints.usage, methods=["GET"]),
            Route("/2/tweets", endpoints.look_up, methods=["GET"]),
            *job_routes(fake, endpoints.refused),
            Route("/_fake/changes", endpoints.make_changes, methods=["POST"]),
            Route("/2/tweets/search/recent", endpoints.search, methods=["GET"]),
            Route(CONNECTIONS_PATH, endpoints.list_connections, methods=["GET"]),
            Route(CONNECTIONS_PATH, endpoints.end_connections, methods=["DELETE"]),
            Route(f"{CONNECTIONS_PATH}/all", endpoints.end_all, methods=["DELETE"]),
            Route(f"{CONNECTIONS_PATH}/{ENDPOINT}", endpoints.end_all, methods=["DELETE"]),
            Route("/_fake/status", endpoints.status, methods=["GET"]),
            Route("/_fake/faults", endpoints.add_faults, methods=["POST"]),
            Route("/_fake/faults", endpoints.clear_faults, methods=["DELETE"]),
        ]
    )


class _Endpoints:
    def __init__(self, fake: FakeX) -> None:
        self._fake = fake

    async def token(self, request: Request) -> Response:
        """The App's bearer token, which is always the same."""
        answer = self._over_limit("token")
        if answer is None:
            right = self._fake.credentials.are_in_basic(request.headers.get("authorization", ""))
            if right and asks_for_app_token(request.url.query, await request.body()):
                token = self._fake.credentials.bearer_token
                answer = Answer(200, {"token_type": "bearer", "access_token": token})
        return self._response("token", answer or Answer(403, WRONG_CREDENTIALS))

    async def stream(self, request: Request) -> Response:
        refusal = self._over_limit("stream") or self._unauthorized(request)
        if refusal:
            return self._response("stream", refusal)
        return await connect(self._fake, request)

    async def list_rules(self, request: Request) -> Response:
        answer = self._over_limit("rules_get") or self._unauthorized(request)
        return self._response("rules_get", answer or list_rules(self._fake, request.query_params))

    async def change_rules(self, request: Request) -> Response:
        answer = self._over_limit("rules_post") or self._unauthorized(request)
        if answer is None:
            answer = change_rules(self._fake, request.query_params, await request.body())
        return self._response("rules_post", answer)

    async def usage(self, request: Request) -> Response:
        answer = self._over_limit("usage") or self._unauthorized(request)
        return self._response("usage", answer or self._fake.usage.answer(request.query_params))

    async def look_up(self, request: Request) -> Response:
        answer = self._over_limit("lookup") or self._unauthorized(request)
        return self._response("lookup", answer or look_up(self._fake, request.query_params))

    def refused(self, request: Request) -> Response | None:
        """The refusal of a request with other credentials than the App's."""
        answer = self._unauthorized(request)
        return JSONResponse(answer.body, answer.status) if answer else None

    async def make_changes(self, request: Request) -> Response:
        if stranger := _stranger(request):
            return stranger
        try:
            for wanted in await request.json():
                self._fake.changes.make(wanted)
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._fake.status())

    async def search(self, request: Request) -> Response:
        answer = self._over_limit("search") or self._unauthorized(request)
        if answer is None:
            self._fake.catch_up()
            answer = search(self._fake, request.query_params.multi_items())
            self._fake.usage.charge(post["id"] for post in answer.body.get("data", ()))
        return self._response("search", answer)

    async def list_connections(self, request: Request) -> Response:
        answer = self._over_limit("connection_calls") or self._unauthorized(request)
        status = request.query_params.get("status", "active")
        return self._response("connection_calls", answer or list_connections(self._fake, status))

    async def end_connections(self, request: Request) -> Response:
        answer = self._over_limit("connection_calls") or self._unauthorized(request)
        if answer is None:
            answer = end_connections(self._fake, await request.body())
        return self._response("connection_calls", answer)

    async def end_all(self, request: Request) -> Response:
        answer = self._over_limit("connection_calls") or self._unauthorized(request)
        return self._response("connection_calls", answer or end_all(self._fake))

    async def status(self, request: Request) -> Response:
        self._fake.catch_up()
        return _stranger(request) or JSONResponse(self._fake.status())

    async def add_faults(self, request: Request) -> Response:
        if stranger := _stranger(request):
            return stranger
        try:
            faults = await request.json()
            if not isinstance(faults, list) or not all(isinstance(one, str) for one in faults):
                raise ValueError('send a list of texts such as ["drop@100", "503x3"]')
            self._fake.add_faults(*faults)
        except (FaultError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._fake.status())

    async def clear_faults(self, request: Request) -> Response:
        if stranger := _stranger(request):
            return stranger
        self._fake.script.clear()
        return JSONResponse(self._fake.status())

    def _over_limit(self, endpoint: Endpoint) -> Answer | None:
        # Checked first, because X counts requests with wrong credentials too.
        return None if self._fake.windows[endpoint].take() else Answer(429, RATE_LIMIT)

    def _unauthorized(self, request: Request) -> Answer | None:
        authorization = request.headers.get("authorization", "")
        refusal = self._fake.credentials.refusal(request.method, str(request.url), authorization)
        return Answer(*refusal) if refusal else None

    def _response(self, endpoint: Endpoint, answer: Answer) -> Response:
        headers = self._fake.windows[endpoint].headers()
        return JSONResponse(answer.body, answer.status, headers=headers)


def _stranger(request: Request) -> Response | None:
    """Refuse requests from other machines."""
    host = request.client.host if request.client else ""
    try:
        near = ip_address(host).is_loopback
    except ValueError:
        near = False
    return None if near else JSONResponse({"error": "only for this machine"}, 403)
