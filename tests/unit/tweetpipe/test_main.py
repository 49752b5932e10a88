from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from rich.text import Text
from typer.main import get_command

import producer
from tweetpipe.aws.errors import NothingThere
from tweetpipe.commands import status
from tweetpipe.commands.app import app
from tweetpipe.commands.main import main
from tweets.x.errors import XUnreachable


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
        ("produce fake --shape v9", "there is no shape v9. Set --shape to mixed, v1 or v2.\n"),
        ("produce fake --forever --shape v9", "there is no shape v9"),
        ("produce fake --forever --count 5", "--count and --forever can't be used together"),
        ("produce file x --source fake", "--source fake conflicts with tweetpipe produce file"),
        (
            "produce --stack tweets file x",
            "Put the source before its options:\n  tweetpipe produce file --stack tweets x\n",
        ),
        (
            "produce --stack file --count 3 file x",
            "Put the source before its options:\n"
            "  tweetpipe produce file --stack file --count 3 x\n",
        ),
        ("produce twitter --rate 5", "--rate can't be used with tweetpipe produce twitter: X sets"),
        ("produce --source twitter --rate 5", "--rate can't be used with --source twitter: X sets"),
        ("produce --stack 1st", "'1st' is not a valid stack name"),
        ("deploy --stack under_score", "'under_score' is not a valid stack name"),
        ("deploy -p ShardCount", "-p ShardCount has no value. Write it as NAME=VALUE"),
        ("deploy -p =4", "-p =4 has no name. Write it as NAME=VALUE"),
        ("deploy -p ShardCount=4 -p ShardCount=5", "The parameter ShardCount is given twice"),
        ("deploy -p ShardCont=4", "ShardCont is not a parameter of the stack. Did you mean Shard"),
        ("deploy -p ShardCount=0", "ShardCount=0 can't be used: ShardCount must be a whole number"),
        ("deploy -p Events=x", "Events can't be set, because the events determine it"),
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


RATE = "a number of at least 0.001, such as 200"


@pytest.mark.parametrize(
    ("line", "says", "help_of"),
    [
        ("nonsense", "tweetpipe has no command nonsense.", ""),
        ("prduce", "tweetpipe has no command prduce. Did you mean produce?", ""),
        ("produce nowhere", "tweetpipe produce has no command nowhere.", "produce"),
        ("produce it's", "tweetpipe produce has no command it's.", "produce"),
        ("dead-letters lst", "tweetpipe dead-letters has no command lst. Did", "dead-letters"),
        ("--events", "--events needs a value, such as my-events.", ""),
        ("produce --nonsense", "tweetpipe produce fake has no option --nonsense", "produce fake"),
        (
            "produce fake --conut 5",
            "tweetpipe produce fake has no option --conut. Did you mean --count?",
            "produce fake",
        ),
        (
            "produce file x --conut 5",
            "tweetpipe produce file has no option --conut.",
            "produce file",
        ),
        ("logs -x", "tweetpipe logs has no option -x.", "logs"),
        (
            "--stack mine status",
            "tweetpipe has no option --stack. Put it after the command that it is for.",
            "",
        ),
        (
            "dead-letters --kind rejected list",
            "tweetpipe dead-letters has no option --kind. Put it after the command that it is for.",
            "dead-letters",
        ),
        ("logs --json=1", "--json takes no value.", "logs"),
        ("query a b", "tweetpipe query takes no further arguments, so it can't use b.", "query"),
        ("produce fake --rate abc", f"--rate must be {RATE}, not 'abc'.", "produce fake"),
        ("produce --rate -3", f"--rate must be {RATE}, not '-3'.", "produce fake"),
        ("produce --rate nan", f"--rate must be {RATE}, not 'nan'.", "produce fake"),
        ("produce --rate inf", f"--rate must be {RATE}, not 'inf'.", "produce fake"),
        ("produce --rate", f"--rate needs {RATE}.", "produce fake"),
        ("produce --rate=", f"--rate must be {RATE}, not ''.", "produce fake"),
        (
            "produce --count 1.5",
            "--count must be a whole number of at least 0, such as 5000, not '1.5'.",
            "produce fake",
        ),
        (
            "produce --malformed 2",
            "--malformed must be a number from 0 to 1, such as 0.02, not '2'.",
            "produce fake",
        ),
        (
            "up --port 0",
            "--port must be a whole number from 1 to 65535, such as 4567, not '0'.",
            "up",
        ),
        (
            "plan --rate 1 --hottest-author 0",
            "--hottest-key must be a number from 0.000001 to 1, such as 0.01, not '0'.",
            "plan",
        ),
        (
            "comply --monthly-limit x",
            "--monthly-limit must be a number of at least 0, such as 10, not 'x'.",
            "comply",
        ),
        (
            "produce file x --max-in-hand 1",
            "--max-in-hand must be a number from 2 to 1000000, such as 42, not '1'.",
            "produce file",
        ),
        ("deploy --target mars", "--target must be local or aws, not 'mars'.", "deploy"),
        (
            "produce --source nowhere",
            "--source must be fake, file, or twitter, not 'nowhere'.",
            "produce fake",
        ),
        (
            "dead-letters redrive --payload nowhere x",
            "--payload can't be nowhere: it does not exist. Name a file.",
            "dead-letters redrive",
        ),
        (
            "plan --rate 1 --prices x --prices /",
            "--prices can't be /: it is a folder. Name a file.",
            "plan",
        ),
        (
            "verify",
            "tweetpipe verify fake needs --count, as in:\n  tweetpipe verify fake --count",
            "verify fake",
        ),
        ("query", "tweetpipe query needs KEY, as in:\n  tweetpipe query ", "query"),
    ],
)
def test_what_the_parser_refuses_is_told_with_what_it_accepts(
    line: str, says: str, help_of: str, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(*line.split())

    out, err = capfd.readouterr()
    assert code == 2
    assert err.startswith(f"Error: {says}")
    asked = " ".join(filter(None, ("tweetpipe", help_of, "--help")))
    assert err.endswith(f"For help, run:\n  {asked}\n")
    assert out == ""


def test_a_variable_that_the_parser_refuses_is_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWEETPIPE_TARGET", "mars")

    assert run("status") == 2
    assert capfd.readouterr().err.startswith(
        "Error: The variable TWEETPIPE_TARGET must be local or aws, not 'mars'."
    )


def own_options(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Each option of each command that takes a number or one of several words."""
    for parameter in command.params:
        kind = parameter.type_descriptor
        if kind.choices is not None or kind.annotation in (int, float):
            yield " ".join(names), parameter
    for name, below in getattr(command, "commands", {}).items():
        yield from own_options(below, *names, name)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        pytest.param(command, option, id=f"{command} {option.opts[0]}")
        for command, option in own_options(get_command(app))
        if not option.hidden
    ],
)
def test_each_option_that_is_refused_says_a_value_that_it_accepts(
    command: str, option: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(*command.split(), option.opts[0], "wrong") == 2

    said = capfd.readouterr().err
    found = re.match(r"Error: --[\w-]+ must be (.*), not 'wrong'\. For help", said)
    assert found, said
    if option.type_descriptor.choices is None:
        example = float(found[1].split("such as ")[1])
        assert (option.min or 0) <= example <= (option.max or example)


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


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (producer.SourceError("it broke"), "Error: it broke.\n"),
        (
            PermissionError(errno.EACCES, "Permission denied", "x"),
            "Error: Permission denied: x. Check the path and its permissions, then run this "
            "command again.\n",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "Error: No space left on device. Free disk space, then run this command again.\n",
        ),
        (OSError("odd"), "Error: odd\n"),
        (
            producer.DamagedError("a is damaged"),
            "Error: a is damaged. Repair it, or get a complete copy, then run this command "
            "again.\n",
        ),
        (
            XUnreachable("X can't be reached"),
            "Error: X can't be reached. Check your network connection, then run this command "
            "again.\n",
        ),
    ],
)
def test_an_error_ends_with_what_to_do(
    error: Exception, says: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(status, "open_stack", Mock(side_effect=error))

    assert run("status") == 1
    assert capfd.readouterr().err == says


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
