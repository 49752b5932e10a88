from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.tweets.fakes.reading import shape
from tweets.fakes import FakeTweets, records
from tweets.fakes.__main__ import main

COMMAND = [sys.executable, "-m", "tweets.fakes"]


def test_it_prints_the_tweets_of_a_seed_as_ndjson(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert main(["--count", "10", "--seed", "7", "--shape", "v2"]) == 0
    out, err = capfdbinary.readouterr()
    fakes = FakeTweets(7)
    assert out == b"".join(fakes.record(index, "v2").data + b"\n" for index in range(10))
    assert err == b""


def test_without_options_it_prints_ten_of_mixed_shape(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert main([]) == 0
    lines = capfdbinary.readouterr().out.split(b"\n")[:-1]
    assert len(lines) == 10
    assert {shape(line) for line in lines} == {"v1", "v2"}


def test_malformed_and_duplicates_are_added(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--count=50", "--seed=7", "--malformed=0.5", "--duplicates=0.5"]) == 0
    lines = capfdbinary.readouterr().out.split(b"\n")[:-1]
    assert lines == [record.data for record in records(7, count=50, malformed=0.5, duplicates=0.5)]


def test_a_count_of_zero_prints_nothing(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--count", "0"]) == 0
    assert capfdbinary.readouterr() == (b"", b"")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--count -1", "--count"),
        ("--count 1.5", "--count"),
        ("--seed x", "--seed"),
        ("--shape v3", "--shape"),
        ("--rate 0", "--rate"),
        ("--rate nan", "--rate"),
        ("--malformed 1.5", "--malformed"),
        ("--duplicates lots", "--duplicates"),
        ("--what", "--what"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    arguments: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments.split())
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    assert named in err
    assert err.count("\n") == 1
    assert out == ""


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for option in ("--count", "--seed", "--shape", "--rate", "--malformed", "--duplicates"):
        assert option in text


@pytest.mark.heavy
def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    with subprocess.Popen(
        [*COMMAND, "--count", "1000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.heavy
def test_an_interrupt_ends_it_quietly_with_130_and_paced_lines_come_at_once() -> None:
    # A test run in the background of a shell hands on that SIGINT is ignored.
    heeding = (
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "runpy.run_module('tweets.fakes', run_name='__main__', alter_sys=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", heeding, "--count", "1000000", "--rate", "0.01"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().endswith(b"}\n")
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == b""
        assert process.stderr.read() == b""
    assert process.returncode == 130


@pytest.mark.heavy
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_told_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(COMMAND, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "space" in done.stderr
