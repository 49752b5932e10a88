"""`/2/compliance/jobs`, and the signed addresses in its answers."""

from __future__ import annotations

import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tweets.fakes.x_api.jobs import JobError
from tweets.fakes.x_api.problems import RATE_LIMIT, Problem, invalid_request
from tweets.fakes.x_api.state import FakeX

JOBS_PATH = "/2/compliance/jobs"


def routes(fake: FakeX, unauthorized: Callable[[Request], Response | None]) -> list[Route]:
    """The endpoints, which require the App's token."""

    def guarded(answer: Callable[[Request, bytes], Response]) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            if refusal := unauthorized(request):
                return refusal
            window = fake.windows["compliance"]
            if not window.take():
                return JSONResponse(RATE_LIMIT, 429, headers=window.headers())
            try:
                return answer(request, await request.body())
            except JobError as error:
                return JSONResponse(_problem(error), error.status)
            finally:
                fake.changed()

        return endpoint

    def base(request: Request) -> str:
        return str(request.base_url).rstrip("/")

    def create(request: Request, body: bytes) -> Response:
        try:
            wanted = json.loads(body)
            job = fake.jobs.create(wanted["type"], wanted.get("name", ""))
        except (ValueError, KeyError, AttributeError, TypeError):
            return JSONResponse(invalid_request("type", [], "type is required."), 400)
        fake.log(f"compliance job {job.id}: created")
        return JSONResponse({"data": fake.jobs.as_json(job, base(request))})

    def list_all(request: Request, _: bytes) -> Response:
        kind = request.query_params.get("type", "")
        jobs = [fake.jobs.as_json(j, base(request)) for j in fake.jobs.jobs if j.kind == kind]
        return JSONResponse(
            {**({"data": jobs} if jobs else {}), "meta": {"result_count": len(jobs)}}
        )

    def show(request: Request, _: bytes) -> Response:
        job = fake.jobs.get(request.path_params["id"])
        return JSONResponse({"data": fake.jobs.as_json(job, base(request))})

    def cancel(request: Request, _: bytes) -> Response:
        fake.jobs.cancel(request.path_params["id"])
        return JSONResponse({"data": {"cancelled": True}})

    def upload(request: Request, body: bytes) -> Response:
        id_ = request.path_params["id"]
        fake.jobs.upload(id_, request.query_params.get("token", ""), body)
        fake.log(f"compliance job {id_}: {len(fake.jobs.get(id_).ids or [])} ids")
        return Response(status_code=200)

    def results(request: Request, _: bytes) -> Response:
        token = request.query_params.get("token", "")
        lines = fake.jobs.results(request.path_params["id"], token)
        return Response(b"".join(lines), media_type="application/x-ndjson")

    one = f"{JOBS_PATH}/{{id}}"
    return [
        Route(JOBS_PATH, guarded(create), methods=["POST"]),
        Route(JOBS_PATH, guarded(list_all), methods=["GET"]),
        Route(one, guarded(show), methods=["GET"]),
        Route(one, guarded(cancel), methods=["DELETE"]),
        Route(f"{one}/upload", guarded(upload), methods=["PUT"]),
        Route(f"{one}/results", guarded(results), methods=["GET"]),
    ]


def _problem(error: JobError) -> Problem:
    titles = {400: "Invalid Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
    title = titles.get(error.status, "Conflict")
    return {"title": title, "detail": str(error), "type": "about:blank", "status": error.status}
