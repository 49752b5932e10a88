"""X's batch compliance jobs, and lookup of posts by id.

https://docs.x.com/x-api/compliance/batch-compliance/integrate: one job of each type at a time; ids
must be uploaded within 15 minutes of its creation, and results are kept for a week. Both URLs are
signed, and work for anyone who has them. They are never shown or saved, but requested again when
needed.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from producer.position import sync_folder
from tweets.compliance.notices import id_in
from tweets.pages import tweets_in
from tweets.x.answers import json_of, not_x
from tweets.x.api import FIELDS, XApi
from tweets.x.errors import XRefused, XUnreachable

MAX_BYTES = 120_000_000
"""Bytes of ids in a job. X accepts 128 MB, about 6.5 million ids."""
_POSTS_AT_A_TIME = 100
_JOBS = "compliance/jobs"
_NOT_THERE = ("resource-not-found", "not-authorized-for-resource")
_GONE_STATES = ("failed", "expired", "cancelled", "canceled")


@dataclass(frozen=True, slots=True)
class Job:
    """A job at X; `status` is created, in_progress, complete, failed, or expired."""

    id: str
    name: str
    status: str
    upload_url: str = field(default="", repr=False)
    download_url: str = field(default="", repr=False)

    @property
    def is_over(self) -> bool:
        """Whether the job ended without results."""
        return self.status in _GONE_STATES


class Jobs:
    """The app's jobs about posts."""

    def __init__(self, api: XApi) -> None:
        self._api = api

    def create(self, name: str) -> Job:
        """Raises XRefused, with status 409 if another job is running."""
        response = self._api.authorized("POST", _JOBS, json={"type": "tweets", "name": name})
        return _job(json_of(response).get("data"), response)

    def get(self, id_: str) -> Job:
        response = self._api.authorized("GET", f"{_JOBS}/{id_}")
        return _job(json_of(response).get("data"), response)

    def all(self) -> list[Job]:
        """The jobs that X still lists."""
        response = self._api.authorized("GET", _JOBS, params={"type": "tweets"})
        return [_job(data, response) for data in json_of(response).get("data") or []]

    def cancel(self, id_: str) -> None:
        self._api.authorized("DELETE", f"{_JOBS}/{id_}")

    def upload(self, job: Job, ids: Path) -> None:
        """Upload the file, one id per line, in one request."""
        with ids.open("rb") as file:
            self._api.authorized(
                "PUT", job.upload_url, data=file, headers={"Content-Type": "text/plain"}
            )

    def download(self, job: Job, to: Path) -> None:
        """Download the results to the file, which appears only once complete."""
        new = to.with_name(f"{to.name}.new")
        response = self._api.authorized("GET", job.download_url, stream=True)
        try:
            with response, new.open("wb") as file:
                for chunk in response.iter_content(1 << 20):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        except requests.RequestException:
            raise XUnreachable("the download of X's results was cut off") from None
        new.replace(to)
        sync_folder(to.parent)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The newest versions, with their ids, as stream records, by the requested id.

    `missing` posts no longer exist; `paid` is how many posts X charges for.
    """

    records: dict[str, tuple[str, bytes]]
    missing: set[str]
    paid: int


def newest_versions(api: XApi, ids: Sequence[str]) -> Fetched:
    """Fetch the newest version of each post: its id, and the post as a record."""
    posts, missing = _posts(api, ids)
    newest = {id_: str((_history(content) or [id_])[-1]) for id_, (content, _) in posts.items()}
    further, gone = _posts(api, sorted(set(newest.values()) - posts.keys()))
    known = posts | further
    return Fetched(
        records={id_: (last, known[last][1]) for id_, last in newest.items() if last in known},
        missing=missing | {id_ for id_, last in newest.items() if last in gone},
        paid=len(posts) + len(further),
    )


def _posts(
    api: XApi, ids: Sequence[str]
) -> tuple[dict[str, tuple[dict[str, Any], bytes]], set[str]]:
    found: dict[str, tuple[dict[str, Any], bytes]] = {}
    gone: set[str] = set()
    for some in _in_calls(ids):
        response = api.authorized("GET", "tweets", params={**FIELDS, "ids": ",".join(some)})
        page = json_of(response)
        gone |= set(some) & set(_gone(page.get("errors")))
        if not page.get("data"):
            continue
        for content, text in tweets_in(page, json.dumps(page, ensure_ascii=False), Counter(), None):
            if isinstance(content, dict) and (id_ := id_in(content.get("data"), "id")):
                found[id_] = content, text.encode()
    return found, gone


def _gone(errors: object) -> Iterator[str]:
    """The ids for which X has no visible post; excludes those where the lookup failed."""
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict) and str(error.get("type")).endswith(_NOT_THERE):
            yield id_in(error, "resource_id", "value")


def _history(content: dict[str, Any]) -> Sequence[object]:
    history = content["data"].get("edit_history_tweet_ids")
    return history if isinstance(history, list) else []


def _in_calls(ids: Collection[str]) -> Iterator[list[str]]:
    left = list(ids)
    while left:
        yield left[:_POSTS_AT_A_TIME]
        left = left[_POSTS_AT_A_TIME:]


def _job(data: object, response: Any) -> Job:
    if not isinstance(data, dict) or not (id_ := id_in(data, "id")).isdecimal():
        raise not_x(response)
    return Job(
        id=id_,
        name=str(data.get("name") or ""),
        status=str(data.get("status") or ""),
        upload_url=str(data.get("upload_url") or ""),
        download_url=str(data.get("download_url") or ""),
    )


def refuses_address(refused: XRefused) -> bool:
    """Whether a signed URL has expired."""
    return refused.status in (400, 401, 403, 404, 410)
