"""The commands that messages suggest: complete, and of the program that the user runs.

Every suggested command is made here, so that it uses the home that the message is about.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .homes import DEFAULT_HOME


@dataclass(frozen=True, kw_only=True)
class Program:
    """A command line with `up` and `down`.

    Its commands use `home` unless their option --home, if they have it, names another.
    `home_setting` is what a user sets to choose another home, as a phrase. `settings_file` sets
    environment variables, too, if the program reads one.
    """

    name: str
    home: Path
    home_setting: str
    has_home_option: bool = False
    settings_file: str | None = None


OWN = Program(
    name="localstack-embedded",
    home=DEFAULT_HOME,
    home_setting="--home (in Python, home=)",
    has_home_option=True,
)
_program = OWN


@contextmanager
def suggesting(program: Program) -> Iterator[None]:
    """Suggest the commands of this program during the block, in all threads."""
    global _program
    before, _program = _program, program
    try:
        yield
    finally:
        _program = before


def home_setting() -> str:
    """What chooses another home."""
    return _program.home_setting


def where_settings_are() -> str:
    """Where a user corrects an environment variable, as an addition to "correct it"."""
    return f" in {_program.settings_file} or in your shell" if _program.settings_file else ""


def command(name: str, home: Path, *options: str, **variables: str) -> str:
    """A command of the program, on its own line, that works on this home.

    `variables` are set in its environment.
    """
    words = [name, *options]
    if _program.has_home_option and home.absolute() != _program.home.absolute():
        words += ["--home", str(home.absolute())]
    settings = "".join(f"{name}={shlex.quote(value)} " for name, value in variables.items())
    return f"\n  {settings}{_program.name} {shlex.join(words)}"


def shell_command(*words: str | Path) -> str:
    """A command of the shell, on its own line."""
    return f"\n  {shlex.join(map(str, words))}"


@dataclass(frozen=True, kw_only=True)
class Up:
    """How LocalStack is started; without a port, it uses the default one or the next free one."""

    port: int | None = None
    open_to_this_machine: bool = False
    shard_limits: bool = False
    keep: bool = False

    def command(self, home: Path, **variables: str) -> str:
        """The command that starts it this way, on its own line."""
        flags = {
            "--keep": self.keep,
            "--shard-limits": self.shard_limits,
            "--open-to-this-machine": self.open_to_this_machine,
        }
        port = ["--port", str(self.port)] if self.port else []
        given = [flag for flag, is_set in flags.items() if is_set]
        return command("up", home, *given, *port, **variables)
