"""Help ends with examples that can be typed, and shows commands in a newcomer's order."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tests.commands import run_here
from tests.documented import check, commands
from tweetpipe.commands.app import app
from tweetpipe.commands.guide import EXAMPLES, FIRST, PANELS
from tweetpipe.commands.main import main


def below(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """All commands of the command line, by what is typed."""
    for name, each in getattr(command, "commands", {}).items():
        yield " ".join((*names, name)), each
        yield from below(each, *names, name)


COMMANDS = dict(below(get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_ends_with_an_example(name: str) -> None:
    assert COMMANDS[name].epilog.startswith("Example")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_command_are_its_own(name: str) -> None:
    examples = EXAMPLES[name]

    assert len(examples) in ((1,) if name == "down" else (2, 3)), "down has nothing to choose"
    assert all(f" {name}" in example for example in examples)
    assert COMMANDS[name].epilog.splitlines()[1:] == [f"  {example}" for example in examples]


@pytest.mark.parametrize("example", [each for examples in EXAMPLES.values() for each in examples])
def test_an_example_can_be_typed_and_fits_into_a_line_of_help(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("record.json").touch()
    assert len(example) <= 75
    for command in commands(example.rpartition(" | ")[2]):
        check(command.words)


def test_each_example_is_of_a_command_that_there_is() -> None:
    assert EXAMPLES.keys() <= COMMANDS.keys()
    assert {name for names in PANELS.values() for name in names} <= COMMANDS.keys()


def paragraphs(page: str) -> list[list[str]]:
    """The lines of each paragraph of a help page, without its panels and its examples."""
    prose = page.partition(" Examples:")[0].partition(" Example:")[0]
    lines = ["" if line.startswith(("╭", "│", "╰")) else line for line in prose.splitlines()]
    return [
        [*part] for has_words, part in groupby(lines, lambda line: bool(line.strip())) if has_words
    ]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_each_line_of_the_help_is_as_full_as_a_narrow_terminal_allows(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([*name.split(), "--help"])

    page = capfd.readouterr().out
    assert not re.search(r"--[\w,-]*…|<[^>]*…", page), "an option's name or type is cut off"
    found = paragraphs(page)
    assert len(found) >= 2, "the usage and what the command does"
    for line, following in [pair for lines in found for pair in pairwise(lines)]:
        room = 80 - len(" ") - len(line.rstrip())
        assert room <= len(" ") + len(following.split()[0]), line


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_reader_that_has_seen_enough_of_the_help_is_no_failure(
    option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed, open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stdout", closed)
        monkeypatch.setattr(sys, "stderr", sys.stderr)  # click replaces both
        with pytest.raises(SystemExit) as ended:
            main([option])
        os.dup2(nowhere.fileno(), writing)

    assert ended.value.code == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_wraps_what_each_does(name: str) -> None:
    assert "\n" not in COMMANDS[name].help.replace("\n\n", "")


def test_typed_alone_it_says_what_to_type_first(tmp_path: Path) -> None:
    run = run_here(folder=tmp_path, environment={})

    assert run.returncode == 0
    for example, _ in FIRST.values():
        assert f"  {example}" in run.stdout
        check(example.split())
    assert "tweetpipe --help" in run.stdout


def test_help_shows_what_comes_first_before_the_rest(tmp_path: Path) -> None:
    run = run_here("--help", folder=tmp_path, environment={"COLUMNS": "100"})

    lines = run.stdout.splitlines()
    titles = [line.split()[1] for line in lines if line.startswith("╭")]
    assert titles == ["Options", "Start", "Send", "Look", "Fix", "Plan"]
    shown = [line.split()[1] for line in lines if line.startswith("│ ") and line[2] != " "]
    assert [each for each in shown if each in COMMANDS] == [
        name for names in PANELS.values() for name in names
    ]
