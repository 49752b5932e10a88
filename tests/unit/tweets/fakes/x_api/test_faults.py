from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import threading
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tweets.fakes.x_api.client import FAST, STREAM, ids, served
from tests.waiting import wait_for
from tweets.fakes.x_api import FakeX, Fault, FaultError
from tweets.fakes.x_api.app import application
from tweets.fakes.x_api.faults import KINDS, Script
from tweets.fakes.x_api.server import listening_socket
from tweets.fakes.x_api.trickle import pieces


def fake(*faults: str, match_all: bool = True, rate: float = FAST) -> FakeX:
    return FakeX(rate=rate, rules=["yolo"], match_all=match_all, faults=faults)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop@100", Fault("drop", after=100)),
        ("drop", Fault("drop")),
        ("503@0x3", Fault("503", times=3)),
        ("503x3", Fault("503", times=3)),
        ("silence:2.5@7x2", Fault("silence", 2.5, 7, 2)),
        ("silence", Fault("silence", 30.0)),
        ("429:5", Fault("429", 5.0)),
        ("429-bare", Fault("429-bare")),
        (" refuse:1 ", Fault("refuse", 1.0)),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    "text", ["", "explode", "drop@", "drop@-1", "drop:5", "503@3", "dropx0", "drop@1.5", "x3"]
)
def test_a_fault_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(FaultError):
        Fault.parse(text)
    with pytest.raises(FaultError):
        FakeX(faults=[text])


@given(
    kind=st.sampled_from(sorted(KINDS)),
    value=st.integers(0, 1000),
    after=st.integers(0, 1000),
    times=st.integers(1, 9),
)
def test_a_fault_is_written_as_it_is_read(kind: str, value: int, after: int, times: int) -> None:
    about = KINDS[kind]
    fault = Fault(kind, value if about.value else 0, 0 if about.at_connect else after, times)
    assert Fault.parse(str(fault)) == fault


def test_faults_wait_for_their_turn() -> None:
    script = Script()
    script.add([Fault("drop", after=5), Fault("503", times=2), Fault("end")])
    assert script.take_at_connect() is None
    assert script.take_in_stream(4) is None
    assert script.posts_until_next(3) == 2
    assert script.take_in_stream(5) == Fault("drop", after=5)
    assert script.posts_until_next(0) is None
    assert [script.take_at_connect() for _ in range(3)] == [Fault("503"), Fault("503"), None]
    assert script.pending == [Fault("end")]
    assert script.done == [Fault("drop", after=5), Fault("503"), Fault("503")]


def test_a_drop_comes_after_whole_lines_and_without_the_final_chunk() -> None:
    x = fake("drop@100")
    with served(x) as client:
        body = client.read()
    assert not body.completed
    assert body.ids == ids(x, list(range(100)))
    assert x.sent == list(range(100))
    assert x.connections[0].ended == "drop"


def test_half_a_line_is_cut_off_and_its_post_is_lost() -> None:
    x = fake("half-line@3", "end@1")
    with served(x) as client:
        first, second = client.read(), client.read()
    assert not first.completed
    assert first.ids == ids(x, [0, 1, 2])
    rest = first.data.rpartition(b"\r\n")[2]
    assert rest.startswith(b'{"data":')
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|utf-8|Expecting"):
        json.loads(rest)
    assert second.ids == ids(x, [4])
    assert x.sent == [0, 1, 2, 4]


def test_an_operational_disconnect_is_announced() -> None:
    with served(fake("operational-disconnect@2")) as client:
        body = client.read()
    assert body.completed
    assert [list(post) for post in body.posts[:2]] == [["data", "matching_rules"]] * 2
    error = body.posts[2]["errors"][0]
    assert (error["title"], error["disconnect_type"]) == (
        "operational-disconnect",
        "UpstreamOperationalDisconnect",
    )


def test_lines_that_are_no_posts_come_between_posts() -> None:
    with served(fake("rubbish@1", "unknown@2", "end@3")) as client:
        lines = client.read().data.split(b"\r\n")
    assert len(lines) == 6
    with pytest.raises(ValueError, match="utf-8"):
        json.loads(lines[1])
    assert "data" not in json.loads(lines[3])
    assert all("id" in json.loads(lines[place])["data"] for place in (0, 2, 4))


def test_silence_has_no_heartbeats_and_then_the_stream_goes_on() -> None:
    x = FakeX(rate=FAST, rules=["yolo"], match_all=True, heartbeat=0.001, count=9)
    x.add_faults("silence:0.2@4", "drop@9")
    with served(x) as client:
        body = client.read()
    assert body.ids == ids(x, list(range(9)))
    assert b"\r\n\r\n" not in body.data


def test_a_reader_who_leaves_during_a_silence_is_noticed() -> None:
    x = fake("silence:600")
    with served(x) as client:
        with client.stream():
            x.wait_until(lambda x: bool(x.script.done))
        x.wait_until(lambda x: x.connection is None)


def test_a_slow_network_breaks_lines_at_awkward_places() -> None:
    x = fake("slow:4@1", "end@5")
    with served(x) as client, client.stream() as response:
        chunks = list(response.iter_content(None))
    assert b"".join(chunks).count(b"\r\n") == 5
    assert x.sent == list(range(5))
    assert len(chunks) > 20


@given(st.text().map(lambda text: text.encode() + b"\r\n"))
def test_pieces_are_the_whole_line(line: bytes) -> None:
    cut = list(pieces(line))
    assert b"".join(cut) == line
    assert all(cut)
    assert cut[-1] == b"\n"
    assert max(map(len, cut)) <= 48


def test_pieces_end_inside_characters() -> None:
    assert list(pieces("aé😂\r\n".encode())) == [
        b"a",
        b"\xc3",
        b"\xa9\xf0",
        b"\x9f",
        b"\x98",
        b"\x82\r",
        b"\n",
    ]


def test_no_duplicates_are_none() -> None:
    x = fake("drop@3", "duplicates:0", "end@2")
    with served(x) as client:
        client.read()
        assert client.read().ids == ids(x, [3, 4])


def test_posts_come_again_after_a_reconnect() -> None:
    x = fake("drop@10", "duplicates:3", "end@5")
    with served(x) as client:
        first, second = client.read(), client.read()
    assert second.ids == first.ids[-3:] + ids(x, [10, 11])
    assert x.sent == [*range(10), 7, 8, 9, 10, 11]


@pytest.mark.parametrize(
    ("fault", "status", "title"),
    [
        ("401", 401, "Unauthorized"),
        ("403", 403, "Client Forbidden"),
        ("409", 409, "ConnectionException"),
        ("usage-capped", 429, "UsageCapExceeded"),
        ("too-many-connections", 429, "ConnectionException"),
        ("500", 500, "Internal Server Error"),
        ("502", 502, "Bad Gateway"),
        ("503", 503, "Service Unavailable"),
        ("504", 504, "Gateway Timeout"),
    ],
)
def test_a_connect_is_answered_as_often_as_scripted(fault: str, status: int, title: str) -> None:
    with served(fake(f"{fault}x2", "end@1")) as client:
        for _ in range(2):
            answer = client.get(STREAM)
            assert (answer.status_code, answer.json()["title"]) == (status, title)
            assert "x-rate-limit-reset" in answer.headers
        assert len(client.read().ids) == 1


def test_a_scripted_429_tells_its_reset_or_nothing() -> None:
    x = FakeX(rules=["yolo"], faults=["429:7", "429-bare"], clock=lambda: 1_700_000_000.0)
    with served(x) as client:
        told, bare = client.get(STREAM), client.get(STREAM)
    assert told.status_code == bare.status_code == 429
    assert told.headers["x-rate-limit-remaining"] == "0"
    assert told.headers["x-rate-limit-reset"] == "1700000007"
    assert "x-rate-limit-reset" not in bare.headers


def test_connections_are_refused_from_the_drop_on_and_later_taken_again() -> None:
    x = fake("drop@5", "refuse:0.1", "end@5")
    outcomes: list[int] = []

    def connect(line: str) -> None:
        """Before the server goes on, because a busy machine may be late for that."""
        if line.startswith("refusing connections"):
            with socket.socket() as late:
                outcomes.append(late.connect_ex(("127.0.0.1", port)))

    x.log = connect
    with served(x) as client:
        port = int(client.url.rpartition(":")[2])
        assert not client.read().completed
        x.wait_until(lambda x: bool(outcomes) and x.listening)
        second = client.read()
    assert outcomes == [errno.ECONNREFUSED]
    assert second.ids == ids(x, list(range(5, 10)))


def test_it_listens_again_once_another_program_leaves_its_port() -> None:
    said: list[str] = []
    others: list[socket.socket] = []
    x = fake("drop@5", "refuse:0.1", "end@5")

    def take_the_port(line: str) -> None:
        """Before the server goes on, because a busy machine may be late for that."""
        said.append(line)
        if line.startswith("refusing connections"):
            others.append(listening_socket("127.0.0.1", port))
            others[0].listen()

    x.log = take_the_port
    with served(x) as client:
        port = int(client.url.rpartition(":")[2])
        assert not client.read().completed
        wait_for(lambda: any("can't listen yet" in line for line in said), "a failed attempt")
        others[0].close()
        x.wait_until(lambda x: x.listening)
        second = client.read()
    assert second.ids == ids(x, list(range(5, 10)))


def test_it_listens_again_if_a_copy_of_its_socket_outlives_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in a child process between fork and exec."""
    said: list[str] = []
    copies: list[socket.socket] = []
    close = asyncio.Server.close

    def close_one_of_two(server: asyncio.Server) -> None:
        copies.extend(socket.socket(fileno=os.dup(each.fileno())) for each in server.sockets)
        close(server)

    x = fake("drop@5", "refuse:0.1", "end@5")
    x.log = said.append
    with served(x) as client:
        monkeypatch.setattr(asyncio.Server, "close", close_one_of_two)
        assert not client.read().completed
        wait_for(lambda: any("can't reserve the port yet" in line for line in said), "an attempt")
        monkeypatch.undo()
        for copy in copies:
            copy.close()
        x.wait_until(lambda x: x.listening)
        second = client.read()
    assert second.ids == ids(x, list(range(5, 10)))


def test_faults_are_added_while_a_stream_runs() -> None:
    x = fake(rate=1.0)
    with served(x) as client:
        answers: list[bool] = []
        reader = threading.Thread(target=lambda: answers.append(client.read().completed))
        reader.start()
        x.wait_until(lambda x: x.connection is not None)
        answer = client.post("/_fake/faults", ["drop", "503x2"])
        assert answer.status_code == 200
        reader.join()
        assert answers == [False]
        assert client.get(STREAM).status_code == 503
        status = client.get("/_fake/status").json()
        assert status["faults"] == {"pending": ["503"], "done": ["drop", "503"]}
        assert (status["connections"], status["connected"], status["rules"]) == (1, False, 1)
        assert status["posts_sent"] == len(x.sent)
        assert status["last_index"] == (x.sent[-1] if x.sent else None)
        cleared = requests.delete(f"{client.url}/_fake/faults", timeout=60).json()
        assert cleared["faults"]["pending"] == []


@pytest.mark.parametrize("body", [{}, "drop", [1], ["explode"], ["drop", "503@9"]])
def test_a_script_that_makes_no_sense_is_refused_whole(body: object) -> None:
    x = fake()
    with served(x) as client:
        answer = client.post("/_fake/faults", body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert x.script.pending == []


@pytest.mark.parametrize("path", ["/_fake/status", "/_fake/faults"])
def test_only_this_machine_asks_and_scripts(path: str) -> None:
    x = fake()
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b'["drop"]', "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET" if path.endswith("status") else "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 4000),
        "root_path": "",
    }
    asyncio.run(application(x)(scope, receive, send))
    assert sent[0]["status"] == 403
    assert x.script.pending == []
