"""`/2/connections`: the App's connections to the stream, and how to end them."""

from __future__ import annotations

import json
from typing import Any

from tweets.fakes.x_api.problems import Answer, invalid_request
from tweets.fakes.x_api.rules_endpoint import moment
from tweets.fakes.x_api.state import Connection, FakeX

ENDPOINT = "filtered_stream"


def list_connections(fake: FakeX, status: str) -> Answer:
    """The connections with the requested status: active, inactive, or all."""
    held = fake.held
    chosen = {
        "active": held,
        "inactive": [c for c in fake.connections if c not in held],
        "all": fake.connections,
    }.get(status)
    if chosen is None:
        return Answer(400, invalid_request("status", [status], "Unknown status."))
    data = [_as_json(connection) for connection in reversed(chosen)]
    meta = {"meta": {"result_count": len(data)}}
    return Answer(200, {"data": data, **meta} if data else meta)


def end_connections(fake: FakeX, body: bytes) -> Answer:
    """End the connections that the body names."""
    try:
        ids = json.loads(body)["uuids"]
        if not ids or not all(isinstance(id_, str) for id_ in ids) or len(ids) > 100:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        message = "`uuids` must be a list of 1 to 100 connection ids."
        return Answer(400, invalid_request("uuids", [], message))
    return _ended(fake, ids)


def end_all(fake: FakeX) -> Answer:
    """End every connection."""
    return _ended(fake, [connection.id for connection in fake.held])


def _ended(fake: FakeX, ids: list[str]) -> Answer:
    ended = fake.end_connections(ids)
    results: list[dict[str, Any]] = [{"uuid": id_, "success": id_ in ended} for id_ in ids]
    data = {
        "successful_kills": len(ended),
        "failed_kills": len(ids) - len(ended),
        "results": results,
    }
    return Answer(200, {"data": data})


def _as_json(connection: Connection) -> dict[str, str]:
    host, _ = connection.client
    there = {
        "id": connection.id,
        "endpoint_name": ENDPOINT,
        "connected_at": moment(connection.at),
        "client_ip": host,
    }
    if connection.ended is None or connection.ended_at is None:
        return there
    ended_at = moment(connection.ended_at)
    return there | {"disconnected_at": ended_at, "disconnect_reason": connection.ended}
