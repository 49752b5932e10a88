"""Reads what a dashboard answers, as its page does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.unit.tweetpipe.dashboard.doubles import Dashboard

Event = tuple[str, Any]


@contextmanager
def events(dashboard: Dashboard) -> Iterator[Iterator[Event]]:
    """The server's events, from the connection on."""
    with requests.get(f"{dashboard.url}/api/events", stream=True, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer.iter_lines())


def snapshots(found: Iterator[Event]) -> Iterator[dict[str, Any]]:
    return (data for name, data in found if name == "snapshot")


def get(dashboard: Dashboard, path: str, **parameters: str) -> Any:
    answer = requests.get(dashboard.url + path, params=parameters, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def headers(dashboard: Dashboard) -> dict[str, str]:
    """What the page sends with an action."""
    return {
        "Origin": dashboard.url,
        "Content-Type": "application/json",
        "X-Csrf-Token": get(dashboard, "/api/now")["token"],
    }


def post(dashboard: Dashboard, path: str, body: Any, **changes: str | None) -> requests.Response:
    """An action of the page; a header of None is left out."""
    sent = {
        name: value for name, value in (headers(dashboard) | changes).items() if value is not None
    }
    return requests.post(dashboard.url + path, data=json.dumps(body), headers=sent, timeout=60)


def _events(lines: Iterator[bytes]) -> Iterator[Event]:
    name = ""
    for line in lines:
        field, _, value = line.decode().partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
