"""A command that a message suggests works on the home that the message is about."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from localstack_embedded import DEFAULT_HOME, Program, suggesting
from localstack_embedded.homes import HERE
from localstack_embedded.suggested import Up, command, home_setting, shell_command

MODULES = sorted({*HERE.glob("*.py")} - {HERE / "suggested.py"})


def test_a_home_other_than_the_default_is_named_and_quoted(tmp_path: Path) -> None:
    assert command("down", DEFAULT_HOME) == "\n  localstack-embedded down"
    home = tmp_path / "with space"
    assert command("down", home) == f"\n  localstack-embedded down --home '{home}'"


def test_a_home_may_be_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("up", Path("home")) == f"\n  localstack-embedded up --home {tmp_path}/home"


def test_a_start_has_all_its_options() -> None:
    start = Up(port=4570, open_to_this_machine=True, shard_limits=True, keep=True)
    assert start.command(DEFAULT_HOME) == (
        "\n  localstack-embedded up --keep --shard-limits --open-to-this-machine --port 4570"
    )


def test_another_programs_commands_are_suggested_while_it_runs(tmp_path: Path) -> None:
    program = Program(name="other", home=tmp_path, home_setting="OTHER_HOME")
    with suggesting(program):
        assert command("up", tmp_path) == "\n  other up"
        assert command("up", tmp_path / "elsewhere") == "\n  other up"
        assert home_setting() == "OTHER_HOME"
    assert command("up", DEFAULT_HOME) == "\n  localstack-embedded up"


def test_a_command_of_the_shell_is_quoted() -> None:
    assert shell_command("rm", "-r", Path("/a b")) == "\n  rm -r '/a b'"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_spells_out_a_command_itself(path: Path) -> None:
    module = ast.parse(path.read_text(encoding="utf-8"))
    silent = {node.value for node in ast.walk(module) if isinstance(node, ast.Expr)}  # docstrings
    texts = [
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent
    ]
    names = "up|down|status|reset|env|doctor"
    if path.name == "__main__.py":  # its help has examples
        names = "never"
    assert [
        text
        for text in texts
        if re.search(rf"localstack-embedded ({names})|ensurepip |[Ss]tart it again$", text)
    ] == []
