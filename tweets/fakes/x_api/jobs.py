"""Batch compliance jobs, as X runs them.

https://docs.x.com/x-api/compliance/batch-compliance/integrate
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tweets.fakes.entities import to_json
from tweets.fakes.x_api.changes import Changes

_FIRST_ID = 1_700_000_000_000_000_001
_UPLOAD_S, _DOWNLOAD_S = 15 * 60, 7 * 24 * 3600
_LONGEST_NAME = 64

Json = dict[str, Any]


class JobError(Exception):
    """A refusal, with its HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(slots=True)
class FakeJob:
    """One job; `ids` are None until they are sent, and it is complete from `ready_at` on."""

    id: str
    name: str
    kind: str
    created_at: float
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    ids: list[str] | None = None
    ready_at: float = 0.0
    ended: str = ""


class Jobs:
    """All jobs of the App; `seconds` is how long one takes, `max_bytes` limits an upload.

    `fails` makes the next job with ids fail.
    """

    def __init__(self, changes: Changes, clock: Callable[[], float]) -> None:
        self.seconds = 0.0
        self.max_bytes = 128_000_000
        self.fails = False
        self.jobs: list[FakeJob] = []
        self._changes = changes
        self._clock = clock
        self._ids = itertools.count(_FIRST_ID)

    def create(self, kind: object, name: object) -> FakeJob:
        if kind not in ("tweets", "users") or not isinstance(name, str):
            raise JobError(400, "type must be tweets or users, and name must be a string.")
        if len(name) > _LONGEST_NAME:
            raise JobError(400, f"name may have at most {_LONGEST_NAME} characters.")
        active = ("created", "in_progress")
        if any(job.kind == kind and self.status(job) in active for job in self.jobs):
            raise JobError(409, f"A job of type {kind} is already active.")
        job = FakeJob(str(next(self._ids)), name, str(kind), self._clock())
        self.jobs.append(job)
        return job

    def get(self, id_: str) -> FakeJob:
        for job in self.jobs:
            if job.id == id_:
                return job
        raise JobError(404, f"No job has the id {id_}.")

    def cancel(self, id_: str) -> None:
        job = self.get(id_)
        if self.status(job) not in ("created", "in_progress"):
            raise JobError(409, "The job has ended.")
        job.ended = "cancelled"

    def status(self, job: FakeJob) -> str:
        if job.ended:
            return job.ended
        if job.ids is None:
            return "expired" if self._clock() > job.created_at + _UPLOAD_S else "created"
        return "complete" if self._clock() >= job.ready_at else "in_progress"

    def upload(self, id_: str, token: str, body: bytes) -> None:
        job = self._with_token(id_, token)
        if self.status(job) != "created":
            raise JobError(403, "The upload has expired, or was already made.")
        if len(body) > self.max_bytes:
            raise JobError(413, f"An upload may have at most {self.max_bytes} bytes.")
        job.ids, job.ready_at = body.decode().split(), self._clock() + self.seconds
        if self.fails:
            self.fails, job.ended = False, "failed"

    def results(self, id_: str, token: str) -> Iterator[bytes]:
        job = self._with_token(id_, token)
        if self.status(job) != "complete" or self._clock() > job.created_at + _DOWNLOAD_S:
            raise JobError(403, "The results do not exist, or have expired.")
        return self._lines(job)

    def as_json(self, job: FakeJob, base: str) -> Json:
        def signed(what: str) -> str:
            return f"{base}/2/compliance/jobs/{job.id}/{what}?token={job.token}"

        return {
            "id": job.id,
            "name": job.name,
            "type": job.kind,
            "status": self.status(job),
            "resumable": False,
            "created_at": _time(job.created_at),
            "upload_url": signed("upload"),
            "upload_expires_at": _time(job.created_at + _UPLOAD_S),
            "download_url": signed("results"),
            "download_expires_at": _time(job.created_at + _DOWNLOAD_S),
        }

    def _with_token(self, id_: str, token: str) -> FakeJob:
        job = self.get(id_)
        if token != job.token:
            raise JobError(401, "The token does not belong to this job.")
        return job

    def _lines(self, job: FakeJob) -> Iterator[bytes]:
        for id_ in job.ids or ():
            if not (id_.isascii() and id_.isdigit() and len(id_) < 20):
                yield to_json({"id": id_, "error": "invalid_id"}).encode() + b"\n"
            elif event := self._changes.event(id_):
                yield to_json(event).encode() + b"\n"


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
