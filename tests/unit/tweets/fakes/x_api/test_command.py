from __future__ import annotations

import gzip
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.tweets.fakes.x_api.client import RULES, Client
from tweets.fakes import FakeTweets
from tweets.fakes.__main__ import main
from tweets.fakes.render_v2 import render_v2
from tweets.fakes.x_api import Credentials
from tweets.fakes.x_api.faults import KINDS

COMMAND = [sys.executable, "-m", "tweets.fakes", "serve", "--port", "0"]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Client, str]]:
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            url = re.search(r"http://[\d.]+:\d+", line)
            assert url is not None
            yield process, Client(url[0]), line
        finally:
            process.kill()


@pytest.mark.heavy
def test_it_says_where_it_listens_and_what_it_takes() -> None:
    with serving("--rule", "yolo", "--fault", "drop@2", "--rate", "5000") as (
        process,
        client,
        line,
    ):
        credentials = Credentials()
        for name in ("consumer_key", "consumer_secret", "access_token_secret", "bearer_token"):
            assert f"{name}={getattr(credentials, name)}" in line
        assert len(client.read().ids) == 2
        process.terminate()
        out, err = process.communicate(timeout=60)
    assert out == ""
    assert [re.sub(r"[\d.]+:\d+", "*", line) for line in err.splitlines()] == [
        "connection 1 from *",
        "connection 1: drop@2",
        "connection 1 ended after 2 posts: drop",
    ]


@pytest.mark.heavy
def test_it_replays_a_recording_within_the_limits_that_it_is_given(tmp_path: Path) -> None:
    recording = tmp_path / "stream.ndjson.gz"
    tweets = [FakeTweets(0).tweet(index) for index in range(9)]
    recording.write_bytes(gzip.compress(b"\n".join(map(render_v2, tweets))))
    limits = ("--posts-cap", "4", "--rules-cap", "1", "--price", "0.5", "--access", "enterprise")

    with serving("--replay", str(recording), "--match-all", "--rule", "yolo", *limits) as (
        _,
        client,
        _,
    ):
        assert client.read().ids == [tweet.id for tweet in tweets[:4]]
        status = client.get("/_fake/status").json()
        many = client.post(RULES, {"add": [{"value": "x " * 1000 + "x"}]}).json()
    assert (status["posts_charged"], status["dollars"]) == (4, 2.0)
    assert many["errors"][0]["title"] == "RulesCapExceeded", "and not that it is too long"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_ends_it_with_a_stream_open(sent: signal.Signals, code: int) -> None:
    with serving("--rule", "yolo") as (process, client, _), client.stream() as response:
        assert response.status_code == 200
        process.send_signal(sent)
        _, err = process.communicate(timeout=60)
        assert process.returncode == code
        assert "Traceback" not in err
        assert err.splitlines()[-1].endswith("the server stopped")


def test_a_taken_port_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--port", port]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert port in err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--rate 0", "--rate"),
        ("--rate x", "--rate"),
        ("--heartbeat -1", "--heartbeat"),
        ("--port 70000", "--port"),
        ("--port x", "--port"),
        ("--fault explode", "explode"),
        ("--fault 503@3", "503@3"),
        ("--rule lang:en", "--rule"),
        ("--shape v1", "--shape"),
        ("--count -1", "--count"),
        ("--access gold", "--access"),
        ("--replay nowhere.ndjson", "nowhere.ndjson: No such file"),
        ("--replay /dev/null", "no post"),
        ("--rules-cap 1 --rule a --rule b", "at most 1 rules"),
        ("extra", "extra"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    arguments: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["serve", *arguments.split()])
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    assert named in err
    assert err.count("\n") == 1
    assert out == ""


def test_help_names_every_option_and_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["serve", "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for word in ("--rate", "--seed", "--heartbeat", "--fault", *KINDS):
        assert word in text


def test_the_other_command_names_serve(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "serve" in capsys.readouterr().out
