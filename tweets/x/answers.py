"""Reads X's answers, and tells them from those of proxies and login pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from producer.first_words import first_words, plain
from tweets.messages import reason_of
from tweets.x.errors import NotX, XRefused

_MOST_BYTES = 64 * 1024
"""Bytes to read of an error, because on a stream's connection it may never end."""


def checked(response: requests.Response) -> requests.Response:
    """The response if the request succeeded; raises XRefused."""
    if response.status_code in (200, 201, 204):
        return response
    with response:
        body = _beginning_of(response)
    problem = _object_in(body)
    if problem is None:
        # X answers in JSON: this text comes from a proxy, or from X's own protection.
        said = f"{_address_of(response)} says {first_words(body)}"
        problem = {"detail": said} if body.strip() else {}
    if errors := problem.get("errors"):
        first = first_problem(errors)
        # For a whole request, X's detail says only that something in it is wrong.
        problem = problem | {"detail": first.get("detail")} if "type" in problem else first
    raise XRefused(response.status_code, problem, reset=_reset(response.headers))


def json_of(response: requests.Response) -> dict[str, Any]:
    """The JSON object in X's answer; raises NotX for anything else."""
    answer = _object_in(response.content)
    if answer is None:
        raise not_x(response)
    return answer


def date_of(response: requests.Response) -> float | None:
    """The date of the answer by X's clock, as UNIX time; None if it has none."""
    with suppress(ValueError):
        return parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    return None


def not_x(response: requests.Response) -> NotX:
    """The address that answered, and the first words of its answer."""
    said = first_words(_beginning_of(response))
    return NotX(_address_of(response), response.status_code, said)


def first_problem(errors: object) -> dict[str, Any]:
    """The first of X's problems, with the rule concerned in its detail."""
    problem = errors[0] if isinstance(errors, list) and errors else errors
    if not isinstance(problem, dict):
        return {"detail": plain(str(problem))} if problem else {}
    details = problem.get("details")
    reason = plain("; ".join(map(str, details))) if isinstance(details, list) else ""
    reason = reason or reason_of(problem)
    if "value" in problem:
        reason = f"{problem['value']!r}: {reason or 'no reason given'}"
    return problem | {"detail": reason}


def shown(url: str) -> str:
    """An address without the password that it may contain."""
    before, _, after = url.partition("://")
    return f"{before}://{after.rpartition('@')[2]}" if after else url.rpartition("@")[2]


def _object_in(body: bytes) -> dict[str, Any] | None:
    with suppress(ValueError, RecursionError):
        content = json.loads(body)
        return content if isinstance(content, dict) else None
    return None


def _address_of(response: requests.Response) -> str:
    parts = urlsplit(response.url)
    return shown(f"{parts.scheme}://{parts.netloc}")


def _beginning_of(response: requests.Response) -> bytes:
    with suppress(requests.RequestException):
        return next(response.iter_content(_MOST_BYTES), b"")
    return b""


def _reset(headers: Mapping[str, str]) -> float | None:
    reset = headers.get("x-rate-limit-reset", "")
    # Every answer has the header; waiting helps only if no requests are left.
    is_used_up = headers.get("x-rate-limit-remaining", "0") == "0"
    return float(reset) if is_used_up and reset.isdecimal() else None
