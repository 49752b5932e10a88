"""A command that a person is told to type leads to the stack, and the events, that are meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import tweetpipe
from tweetpipe.commands.app import app

ROOM = Path(tweetpipe.__file__).parent


def with_stack(command: Any, *names: str) -> Iterator[str]:
    """The commands that need to be told which stack, as they are typed."""
    if any("--stack" in parameter.opts for parameter in command.params):
        yield " ".join(names)
    for name, below in getattr(command, "commands", {}).items():
        yield from with_stack(below, *names, name)


COMMANDS = sorted({*with_stack(get_command(app)), "produce", "verify"}, key=len, reverse=True)
# Up to the end of the sentence, or of the command.
SUGGESTED = re.compile(
    rf"(?:tweetpipe |\b(?=dead-letters ))(?P<name>{'|'.join(COMMANDS)})\b[^.;:,`\"]*"
)
# A command that a sentence is about, and that nobody is told to type; and --help, which needs none.
MENTIONED = re.compile(
    r"`? (?:reads|works|has printed|still running|is already running|to find out)\b|.* --help"
)


def suggestions(text: str) -> Iterator[str]:
    for found in SUGGESTED.finditer(text):
        if not MENTIONED.match(text, found.end("name")):
            yield found[0]


@cache
def texts_of(path: Path) -> list[str]:
    return list(texts(ast.parse(path.read_text(encoding="utf-8"))))


def texts(module: ast.Module) -> Iterator[str]:
    """What a module may say at a terminal: neither its docstrings nor what --help shows."""
    silent: set[ast.AST] = set()
    nodes = list(ast.walk(module))
    for node in nodes:
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                silent.add(docstring)
            case ast.keyword(arg="help" | "epilog", value=value):
                silent.update(ast.walk(value))
            case ast.JoinedStr(values=values):
                # Its parts are said together.
                silent.update(values)
                for part in values:
                    if isinstance(part, ast.FormattedValue):
                        silent.update(ast.walk(part.value))
    for node in nodes:
        if node in silent:
            continue
        match node:
            case ast.Constant(value=str(said)):
                yield said
            case ast.JoinedStr(values=values):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else _placeholder(part)
                    for part in values
                )


def _placeholder(part: ast.expr) -> str:
    """What stands for a value in a text: those that are options are told from others."""
    return (
        "<options>" if re.search(r"options|\bstack\b|\bhere\b|\bto\b", ast.unparse(part)) else "<>"
    )


# The examples in --help are of no stack in particular.
MODULES = sorted({*ROOM.rglob("*.py")} - {ROOM / "commands" / "guide.py"})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOM).as_posix())
def test_each_command_that_a_module_suggests_has_the_options_of_its_stack(path: Path) -> None:
    for text in texts_of(path):
        for command in suggestions(text):
            assert "<options>" in command, text


ROOMS_OF_COMMANDS = (
    "aws",
    "commands",
    "complying",
    "dead_letters",
    "deploying",
    "events",
    "looking",
    "plan",
)


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.relative_to(ROOM).parts[0] in ROOMS_OF_COMMANDS],
    ids=lambda path: path.relative_to(ROOM).as_posix(),
)
def test_a_command_to_run_stands_on_a_line_of_its_own(path: Path) -> None:
    for text in texts_of(path):
        for found in SUGGESTED.finditer(text):
            before = text[: found.start()]
            is_mentioned = MENTIONED.match(text, found.end("name"))
            assert is_mentioned or before.endswith(("\n  ", "\n    ")) or not before.strip(), text


def test_each_command_that_the_page_suggests_has_the_options_of_its_stack() -> None:
    scripts = (path.read_text("utf-8") for path in (ROOM / "dashboard" / "static").glob("*.js"))
    texts = (re.sub(r"\$\{[\w.]*options\}", "<options>", script) for script in scripts)
    found = [command for text in texts for command in suggestions(text)]

    assert len(found) >= 3
    assert [command for command in found if "<options>" not in command] == []


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ('say("See: tweetpipe dead-letters list.")', True),
        ('say("Name one of: dead-letters list.")', True),
        ('say(f"Run tweetpipe deploy -p Timeout={longer}, then this again")', True),
        ('say(f"Run tweetpipe deploy{options} -p Timeout={longer}, then this again")', False),
        ('say(f"Run tweetpipe deploy -p Timeout={longer}{self._options}")', False),
        ('say("To start it, run:\\n  tweetpipe up")', False),
        ('def f():\n    """Does what tweetpipe status does."""', False),
        ('Option(help="See tweetpipe deploy.")', False),
    ],
)
def test_a_command_without_them_is_found(source: str, wrong: bool) -> None:
    found = [command for text in texts(ast.parse(source)) for command in suggestions(text)]

    assert any("<options>" not in command for command in found) is wrong
