"""The commands in the README, with a small program in place of LocalStack."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack_embedded import Stopped, status, stop
from localstack_embedded.__main__ import main
from localstack_embedded.homes import HERE
from localstack_embedded.tests.fake_localstack import make_environment

README = (HERE / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    localstack-embedded (\w+)", README, re.MULTILINE)
PROGRAM = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
HOME_HERE = """
from pathlib import Path
from localstack_embedded import environment
environment.DEFAULT_HOME = Path(".localstack")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, which has a home with an environment."""
    make_environment(tmp_path / ".localstack", "serve()")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    stop(tmp_path / ".localstack")


def test_its_commands_can_be_typed_one_after_the_other() -> None:
    assert COMMANDS == ["doctor", "up", "status", "env", "reset", "down"]
    for command in COMMANDS:
        assert main([command, "--home", ".localstack"]) == 0
    assert status(Path(".localstack")) == Stopped()


@pytest.mark.heavy
def test_its_program_runs_as_it_stands() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HOME_HERE + PROGRAM], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "[]\n"
