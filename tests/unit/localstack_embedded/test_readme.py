"""What the README says to type, with a small program in LocalStack's place."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack_embedded import Stopped, status, stop
from localstack_embedded.__main__ import main
from localstack_embedded.environment import PROJECT
from tests.unit.localstack_embedded.fake_localstack import make_environment

README = (PROJECT / "localstack_embedded" / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    python -m localstack_embedded (\w+)", README, re.MULTILINE)
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a home that has its environment."""
    make_environment(tmp_path / ".localstack", "serve()")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    stop(tmp_path / ".localstack")


def test_its_commands_can_be_typed_one_after_the_other() -> None:
    assert COMMANDS == ["up", "status", "env", "down"]
    for command in COMMANDS:
        assert main([command, "--home", ".localstack"]) == 0
    assert status(Path(".localstack")) == Stopped()


@pytest.mark.parametrize("example", EXAMPLES)
def test_its_example_runs_as_it_stands(example: str, folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "[]"
    assert status(folder / ".localstack") == Stopped()
