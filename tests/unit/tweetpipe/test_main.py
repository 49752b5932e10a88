from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rich.text import Text
from typer.main import get_command

from tweetpipe.__main__ import main
from tweetpipe.aws.errors import NothingThere
from tweetpipe.commands.app import app


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("produce --source file", "--source file needs --file"),
        ("produce --source file --file x --count 5", "--count works only with --source fake"),
        ("produce --source file --file x --seed 0", "--seed works only with --source fake"),
        ("produce --source file --file x --forever", "--forever works only with --source fake"),
        ("produce --file x", "--file works only with --source file"),
        ("produce --forever --count 5", "--count and --forever can't be used together"),
        ("produce file", "produce file needs a FILE"),
        ("produce file - --resume", "--resume works only with files"),
        ("produce fake --forever --count 5", "--count and --forever can't be used together"),
        ("produce file x --source fake", "--source fake conflicts with tweetpipe produce file"),
        ("produce --stack tweets file x", "Put the source before its options: tweetpipe produce"),
        ("produce twitter --rate 5", "--rate can't be used with tweetpipe produce twitter: X sets"),
        ("produce --source twitter --rate 5", "--rate can't be used with --source twitter: X sets"),
        ("produce --stack 1st", "'1st' is not a valid stack name"),
        ("deploy --stack under_score", "'under_score' is not a valid stack name"),
        ("deploy -p ShardCount", "'ShardCount' is not a parameter"),
        ("deploy -p =4", "'=4' is not a parameter"),
        ("destroy --stack 1st", "'1st' is not a valid stack name"),
        ("query someone --target aws", "No AWS region is set"),
        ("watch --stack 1st", "'1st' is not a valid stack name"),
        ("logs --since 5x", "--since 5x is not an age"),
        (
            "deploy --confirm-loss other",
            "--confirm-loss other is not the name of the stack, tweets",
        ),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    line: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(*line.split())

    out, err = capfd.readouterr()
    assert code == 2
    assert err.startswith(f"Error: {says}")
    assert all(line.startswith("  ") for line in err.splitlines()[1:]), "commands to run"
    assert out == ""


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "verify",
        "query",
        "up --port 0",
        "produce --count -1",
        "produce --malformed 2",
        "produce --source nowhere",
        "produce --nonsense",
        "produce nowhere",
        "produce fake --nonsense",
        "produce --source file --count x",
    ],
)
def test_what_the_parser_refuses_is_wrong_usage(
    line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(*line.split()) == 2
    assert "Usage:" in capfd.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "status",
        "logs",
        "watch",
        "query someone",
        "verify --count 1",
        "dead-letters list",
        "deploy",
        "destroy",
    ],
)
def test_without_an_emulator_a_command_fails_with_the_commands_that_start_one(
    line: str, silent: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", silent)

    code = run(*line.split())

    out, err = capfd.readouterr()
    assert code == 1
    assert err.startswith(f"Error: No emulator answers at {silent}")
    assert err.endswith("\n  unset AWS_ENDPOINT_URL\n  tweetpipe up\n")
    assert out == ""


def test_an_unknown_profile_fails_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")

    assert run("status", "--target", "aws") == 1
    assert "Set AWS_PROFILE" in capfd.readouterr().err


@pytest.mark.parametrize("line", ["--debug status", "status --debug"])
def test_debug_shows_where_an_error_comes_from(
    line: str, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", silent)

    with pytest.raises(NothingThere):
        main(line.split())


def test_the_version_is_a_result(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capfd.readouterr().out.startswith("tweetpipe ")


def helps(command: Any) -> Iterator[str]:
    """What each command and option says of itself in --help."""
    yield command.help or ""
    for parameter in command.params:
        yield getattr(parameter, "help", None) or ""
    for below in getattr(command, "commands", {}).values():
        yield from helps(below)


def test_help_shows_every_word_that_is_in_brackets() -> None:
    for said in helps(get_command(app)):
        assert Text.from_markup(said).plain == said.replace("\\[", "[")
