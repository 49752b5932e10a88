"""`python -m localstack_embedded`, with a small program in place of LocalStack."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from localstack_embedded import Instance, answering, silence, status, stop
from localstack_embedded.__main__ import COMMANDS, main
from localstack_embedded.homes import HERE
from localstack_embedded.ports import DEFAULT_PORT
from localstack_embedded.tests.fake_localstack import make_environment
from localstack_embedded.tests.waiting import is_gone, wait_for


@pytest.fixture
def home(tmp_path: Path) -> Iterator[str]:
    """A home whose LocalStack answers."""
    yield str(make_environment(tmp_path / "home", "serve()"))
    stop(tmp_path / "home")


def pid(home: str) -> int:
    """The process ID of the running LocalStack."""
    found = status(Path(home))
    assert isinstance(found, Instance)
    return found.pid


def port_option(home: str) -> str:
    """How its start is suggested, if it doesn't use the default port."""
    found = status(Path(home))
    assert isinstance(found, Instance)
    return "" if found.port == DEFAULT_PORT else f" --port {found.port}"


def test_up_status_and_down_say_what_is_there(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [
        ("up", "LocalStack 4.9.2 is up at http://127.0.0.1:"),
        ("up", "LocalStack 4.9.2 was already up at http://127.0.0.1:"),
        ("status", "LocalStack 4.9.2 runs at http://127.0.0.1:"),
        ("down", "stopped\n"),
        ("down", "LocalStack was not running\n"),
        (
            "status",
            "LocalStack is not running. To start it, run:\n"
            f"  localstack-embedded up --home {home}\n",
        ),
    ]
    for command, output in expected:
        assert main([command, "--home", home]) == 0
        assert capsys.readouterr().out.startswith(output)


def test_down_says_at_once_that_it_is_at_work(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["up", "--home", home])
    capsys.readouterr()
    main(["down", "--home", home])
    assert capsys.readouterr().err == "Stopping LocalStack\n"


def test_one_that_died_is_a_failure(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["up", "--home", home])
    process = pid(home)
    psutil.Process(process).kill()
    wait_for(lambda: is_gone(process), "its end")
    capsys.readouterr()
    assert main(["status", "--home", home]) == 1
    assert "LocalStack stopped unexpectedly" in capsys.readouterr().out


@pytest.fixture
def suspended(home: str) -> Iterator[psutil.Process]:
    """A LocalStack that is suspended, until the test ends or resumes it."""
    main(["up", "--home", home])
    process = psutil.Process(pid(home))
    process.suspend()
    wait_for(lambda: process.status() == psutil.STATUS_STOPPED, "its suspension")
    yield process
    process.resume()


@pytest.mark.parametrize("command", ["status", "doctor", "up"])
def test_one_that_is_suspended_leads_to_the_command_that_resumes_it(
    command: str, home: str, suspended: psutil.Process, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main([command, "--home", home]) == 1
    said = "".join(capsys.readouterr())
    assert ", but is suspended. To resume it, run:\n" in said
    assert said.endswith(f"  kill -CONT {suspended.pid}\n")
    suspended.resume()
    assert main([command, "--home", home]) == 0


@pytest.mark.parametrize("command", ["status", "doctor", "up"])
def test_one_that_does_not_answer_leads_to_a_restart(
    command: str, home: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["up", "--home", home])
    monkeypatch.setattr(answering, "version_at", lambda *_, **__: None)
    capsys.readouterr()
    assert main([command, "--home", home]) == 1
    said = "".join(capsys.readouterr())
    assert ", but does not answer. It may be busy. If it does not answer later either, " in said
    assert "restart it, which deletes everything deployed so far:\n" in said
    assert [line.strip() for line in said.splitlines()[-2:]] == [
        f"localstack-embedded down --home {home}",
        f"localstack-embedded up{port_option(home)} --home {home}",
    ]


def test_nothing_is_said_to_be_lost_if_the_state_is_kept(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["up", "--home", home])
    monkeypatch.setattr(answering, "version_at", lambda *_, **__: None)
    found = status(Path(home))
    assert isinstance(found, Instance)
    said = silence.of(Path(home), replace(found, is_kept=True))
    assert said
    assert "either, restart it:\n" in said


def test_an_error_is_on_stderr_with_a_command_on_its_own_line(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert main(["up", "--home", home, "--port", str(port)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"error: Port {port} is in use by ")
    error, command = output.err.splitlines()
    assert error.endswith("To use that one, run:")
    assert command.startswith("  localstack-embedded up --port ")


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x"])
def test_a_port_that_there_can_not_be_is_wrong_usage(
    home: str, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["up", "--home", home, f"--port={port}"])
    assert ended.value.code == 2
    assert "--port: must be 1 to 65535" in capsys.readouterr().err


def test_reset_says_what_it_has_emptied_and_what_stays(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["up", "--home", home])
    capsys.readouterr()
    assert main(["reset", "--home", home]) == 0
    assert capsys.readouterr() == ("all accounts reset\n", "")
    assert main(["reset", "--home", home, "--account", "111111111111"]) == 0
    assert capsys.readouterr() == ("account 111111111111 reset\n", "not reset: ses: messages\n")


def test_a_reset_that_fails_in_part_says_where_and_what_to_do(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["up", "--home", home])
    capsys.readouterr()
    port = port_option(home)
    assert main(["reset", "--home", home, "--account", "222222222222"]) == 1
    assert capsys.readouterr().err == (
        "error: Some of LocalStack was not reset (sqs: KeyError: 'q'). To restart it empty, run:\n"
        f"  localstack-embedded down --home {home}\n"
        f"  localstack-embedded up{port} --home {home}\n"
    )


def test_a_reset_that_is_refused_says_why(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["up", "--home", home])
    (Path(home) / "access-key").write_text("another")
    capsys.readouterr()
    assert main(["reset", "--home", home]) == 1
    assert capsys.readouterr().err == (
        'error: LocalStack refused to reset: "no key". To restart it empty, run:\n'
        f"  localstack-embedded down --home {home}\n"
        f"  localstack-embedded up{port_option(home)} --home {home}\n"
    )


def test_a_reset_without_an_answer_says_how_to_restart(
    home: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["up", "--home", home])
    monkeypatch.setattr("localstack_embedded.emptying.RESET_SECONDS", 0.2)
    process = psutil.Process(pid(home))
    process.suspend()
    capsys.readouterr()
    assert main(["reset", "--home", home]) == 1
    process.resume()
    assert capsys.readouterr().err.endswith(
        ": timed out. If it does not answer later either, restart it empty:\n"
        f"  localstack-embedded down --home {home}\n"
        f"  localstack-embedded up{port_option(home)} --home {home}\n"
    )


def test_there_is_nothing_to_reset_where_nothing_runs(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reset", "--home", home]) == 1
    assert capsys.readouterr().err.endswith(f"run:\n  localstack-embedded up --home {home}\n")


@pytest.mark.parametrize("account", ["12", "11111111111x", "\u0661" * 12])
def test_what_is_no_account_is_wrong_usage(
    home: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["reset", "--home", home, "--account", account])
    assert "must have 12 digits" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "of"), [("--port=4570", "up"), ("--account=1", "reset")])
def test_an_option_of_another_command_is_refused(
    option: str, of: str, home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in COMMANDS.keys() - {of}:
        with pytest.raises(SystemExit, match="2"):
            main([command, "--home", home, option])
        assert f"unrecognized arguments: {option}\n" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    *_, example = capsys.readouterr().out.splitlines()
    assert f"localstack-embedded {command}" in example


def test_a_reader_that_has_had_enough_is_no_fault(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "localstack_embedded", "status", "--home", tmp_path / "none"],
            stdout=closed,
            stderr=subprocess.PIPE,
            cwd=HERE.parent,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"")
