from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.unit.tweets.fakes.x_api.client import BEARER, FAST, Client, read, served
from tweets.fakes.x_api import FakeX, Limits

CONNECTIONS = "/2/connections"


def fake(**more: Any) -> FakeX:
    return FakeX(**{"rate": FAST, "match_all": True, "rules": ["yolo"], **more})


def active(client: Client) -> list[dict[str, str]]:
    found: list[dict[str, str]] = client.get(CONNECTIONS).json().get("data", [])
    return found


def end(client: Client, path: str = CONNECTIONS, **body: Any) -> requests.Response:
    return requests.delete(client.url + path, json=body or None, headers=BEARER, timeout=60)


def test_a_reader_is_listed_until_it_leaves() -> None:
    x = fake(heartbeat=0.05)
    with served(x) as client:
        with client.stream():
            [connection] = active(client)
            assert connection["endpoint_name"] == "filtered_stream"
            assert connection["client_ip"] == "127.0.0.1"
            assert connection["connected_at"]
        x.wait_until(lambda x: x.connection is None)
        assert active(client) == []
        [past] = client.get(CONNECTIONS, status="inactive").json()["data"]
    assert past["id"] == connection["id"]
    assert past["disconnect_reason"] == "the reader left"


def test_a_stale_connection_counts_until_it_is_ended() -> None:
    with served(fake(faults=["stale:300@3"])) as client:
        assert len(client.read().ids) == 3
        with client.stream() as refused:
            assert refused.status_code == 429
            assert refused.json()["connection_issue"] == "TooManyConnections"
        [stale] = active(client)
        data = end(client, uuids=[stale["id"], "nobody's"]).json()["data"]
        with client.stream() as answer:
            assert answer.status_code == 200
    assert (data["successful_kills"], data["failed_kills"]) == (1, 1)


def test_a_stale_connection_is_forgotten_in_time() -> None:
    now = [1000.0]
    with served(fake(faults=["stale:300@3"], clock=lambda: now[0])) as client:
        client.read()
        now[0] += 301
        with client.stream() as answer:
            assert answer.status_code == 200


@pytest.mark.parametrize("path", ["all", "filtered_stream"])
def test_a_reader_can_be_ended(path: str) -> None:
    with served(fake(heartbeat=0.05)) as client, client.stream() as response:
        assert end(client, f"{CONNECTIONS}/{path}").json()["data"]["successful_kills"] == 1
        assert not read(response).completed


@pytest.mark.parametrize("body", [{}, {"uuids": []}, {"uuids": [1]}, {"ids": ["1"]}])
def test_what_names_no_connection_is_refused(body: dict[str, Any]) -> None:
    with served(fake()) as client:
        assert end(client, **body).status_code == 400


def test_the_last_minutes_are_sent_again_where_the_app_may_ask_for_them() -> None:
    now = [1_800_000_000.0]
    x = fake(live=True, rate=1.0, clock=lambda: now[0], limits=Limits(backfill=5))
    now[0] += 600
    with served(x) as client, client.stream(backfill_minutes="2") as response:
        x.wait_until(lambda x: len(x.sent) == 121)
        assert response.status_code == 200
    assert x.sent == list(range(480, 601))


@pytest.mark.parametrize(("allowed", "asked"), [(0, "1"), (5, "6"), (5, "x")])
def test_minutes_that_an_app_may_not_ask_for_are_refused(allowed: int, asked: str) -> None:
    x = fake(limits=Limits(backfill=allowed))
    with served(x) as client, client.stream(backfill_minutes=asked) as answer:
        assert answer.status_code == 400
        assert "backfill_minutes" in answer.text
