from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
import requests

from tests.unit.tweets.fakes.x_api.client import (
    BEARER,
    FAST,
    RULES,
    STREAM,
    Client,
    ids,
    read,
    served,
)
from tweets.fakes.x_api import FakeX


def fake(**more: Any) -> FakeX:
    return FakeX(**{"rate": FAST, "rules": ["yolo"], **more})


def raw(client: Client, receive_buffer: int | None = None) -> socket.socket:
    """A connection that asked for the stream and reads nothing by itself."""
    host, port = client.url.removeprefix("http://").split(":")
    reader = socket.socket()
    if receive_buffer:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    reader.settimeout(60)
    reader.connect((host, int(port)))
    headers = f"Host: x\r\nAuthorization: {BEARER['Authorization']}\r\n"
    reader.sendall(f"GET {STREAM} HTTP/1.1\r\n{headers}\r\n".encode())
    return reader


def test_the_matching_posts_come_in_order_one_a_line() -> None:
    x = fake(count=2000, faults=["end@20"])
    with served(x) as client:
        body = client.read()
    assert body.completed
    matching = x.matching(range(2000))[:20]
    assert body.ids == ids(x, matching)
    assert x.sent == matching
    assert body.data.endswith(b"}\r\n")
    assert body.data.count(b"\r\n") == 20


def test_the_answer_is_chunked_json() -> None:
    with served(fake(faults=["end"])) as client, client.stream() as response:
        assert response.status_code == 200
        assert response.headers["transfer-encoding"] == "chunked"
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert read(response).completed


def test_a_post_names_the_rules_it_matches() -> None:
    x = fake(rules=(), count=500, faults=["end@5"])
    with served(x) as client:
        rules = [
            {"value": "yolo", "tag": "a"},
            {"value": "#yolo"},
            {"value": "#zzzz", "tag": "b"},
        ]
        added = client.post(RULES, {"add": rules}).json()["data"]
        posts = client.read().posts
    expected = [{"id": added[0]["id"], "tag": "a"}, {"id": added[1]["id"], "tag": ""}]
    assert all(post["matching_rules"] == expected for post in posts)


def test_the_fields_asked_for_are_sent() -> None:
    with served(fake(faults=["end@3"])) as client:
        posts = client.read(expansions="author_id", **{"tweet.fields": "created_at"}).posts
    for post in posts:
        assert {"author_id", "created_at"} < post["data"].keys()
        assert post["includes"]["users"][0]["id"] == post["data"]["author_id"]


def test_the_next_connection_goes_on_with_the_next_post() -> None:
    x = fake(faults=["drop@10", "end@10"])
    with served(x) as client:
        first, second = client.read(), client.read()
        assert (first.completed, second.completed) == (False, True)
    assert first.ids + second.ids == ids(x, x.matching(range(5000))[:20])
    assert [connection.number for connection in x.connections] == [1, 2]
    assert x.connections[0].indexes + x.connections[1].indexes == x.sent


def test_nothing_is_published_while_nobody_is_connected() -> None:
    x = fake(faults=["end@3"])
    with served(x) as client:
        client.read()
        index = x.next_index
        client.get(RULES)
        assert x.next_index == index


def test_heartbeats_come_while_there_is_no_post() -> None:
    with served(fake(count=0, heartbeat=0.01)) as client, client.stream() as response:
        chunks = response.iter_content(None)
        assert [next(chunks) for _ in range(3)] == [b"\r\n"] * 3


def test_rules_change_while_connected() -> None:
    x = fake(rules=["#zzzz"], rate=2000.0)
    with served(x) as client, client.stream() as response:
        lines = response.iter_lines()
        client.post(RULES, {"add": [{"value": "#yolo", "tag": "new"}]})
        assert b'"tag":"new"' in next(lines)
        client.post(RULES, None, delete_all="true")
        sent = len(x.sent)
        published = x.next_index
        x.wait_until(lambda x: x.next_index > published + 1000)
        assert len(x.sent) == sent


def test_without_rules_there_is_no_stream() -> None:
    with served(fake(rules=())) as client:
        answer = client.get(STREAM)
    assert answer.status_code == 409
    assert answer.json()["title"] == "ConnectionException"
    assert answer.json()["connection_issue"] == "RuleConfigurationIssue"


def test_an_app_has_one_connection() -> None:
    x = fake(rate=1.0)
    with served(x) as client:
        with client.stream() as response:
            assert response.status_code == 200
            answer = client.get(STREAM)
            assert answer.status_code == 429
            assert answer.json()["connection_issue"] == "TooManyConnections"
            assert answer.json()["type"] == "https://api.x.com/2/problems/streaming-connection"
        x.wait_until(lambda x: x.connection is None)
        assert x.connections[0].ended == "the reader left"
        with client.stream() as response:
            assert response.status_code == 200


def test_a_slow_reader_slows_the_stream_down() -> None:
    x = fake(match_all=True, max_lag=60.0)
    with served(x) as client, raw(client, receive_buffer=8192) as reader:
        x.wait_until(lambda x: len(x.sent) > 200)
        while True:
            sent = len(x.sent)
            try:
                x.wait_until(lambda x, sent=sent: len(x.sent) > sent, timeout=0.3)  # type: ignore[misc]
            except TimeoutError:
                break
        assert x.connection is not None
        for _ in range(200):
            reader.recv(65536)
        x.wait_until(lambda x: len(x.sent) > sent)


def test_a_reader_who_is_too_slow_is_cut_off() -> None:
    x = fake(match_all=True, max_lag=0.05)
    with served(x) as client, raw(client, receive_buffer=8192):
        x.wait_until(lambda x: bool(x.connections) and x.connections[0].ended is not None)
        assert x.connections[0].ended == "the reader was too slow"
        assert x.connection is None


def test_a_server_stops_with_a_stream_open() -> None:
    x = fake(rate=1.0)
    with served(x) as client, client.stream() as response:
        assert response.status_code == 200
        x.wait_until(lambda x: x.connection is not None)
    assert x.connections[0].ended is not None
    with pytest.raises(requests.ConnectionError):
        client.get(RULES)


def test_a_count_ends_the_posts_and_not_the_stream() -> None:
    x = fake(match_all=True, count=7, heartbeat=0.01)
    with served(x) as client, client.stream() as response:
        lines = response.iter_lines()
        assert [bool(next(lines)) for _ in range(9)] == [True] * 7 + [False] * 2
    assert x.sent == list(range(7))


def test_what_is_waited_for_and_does_not_happen_is_told() -> None:
    with pytest.raises(TimeoutError, match="posts_sent"):
        FakeX().wait_until(lambda x: bool(x.sent), timeout=0.0)


def test_what_happens_without_waking_who_waits_is_seen_as_well() -> None:
    happened = threading.Event()
    threading.Timer(0.1, happened.set).start()
    FakeX().wait_until(lambda _: happened.is_set(), timeout=600.0)


def test_an_error_of_the_servers_own_is_logged() -> None:
    lines: list[str] = []
    x = fake(log=lines.append)
    x.windows.clear()
    with served(x) as client:
        assert client.get(RULES).status_code == 500
    assert any("error" in line and "KeyError" in line for line in lines)


def test_a_server_can_come_back_with_what_it_knew() -> None:
    x = fake(faults=["drop@3", "end@3"])
    with served(x) as client:
        first = client.read()
    with served(x) as client:
        second = client.read()
    assert first.ids + second.ids == ids(x, x.sent)
    assert len(set(x.sent)) == 6
