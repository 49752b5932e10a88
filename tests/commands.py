"""tweetpipe's commands as a user runs them, and those that go on until they are ended."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Environment = dict[str, str]


def environment_for(endpoint: str) -> Environment:
    """That of a user who has nothing set but the emulator's address."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    return kept | {"AWS_ENDPOINT_URL": endpoint, "COLUMNS": "200", "PYTHONUTF8": "1"}


@contextmanager
def dashboard(
    environment: Environment, stack_name: str, folder: Path
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Where the page is, and the process that serves it."""
    command = [sys.executable, "-m", "tweetpipe", "dashboard", "--port", "0", "--stack", stack_name]
    with (
        (folder / "dashboard.log").open("w+") as log,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found, (folder / "dashboard.log").read_text()
            yield found[0], process
        finally:
            process.kill()


@contextmanager
def producing(
    environment: Environment, stack_name: str, folder: Path, *, rate: float = 150
) -> Iterator[subprocess.Popen[bytes]]:
    """The process that sends fake tweets, so many a second."""
    arguments = ["produce", "--forever", "--rate", str(rate), "--stack", stack_name]
    with subprocess.Popen(
        [sys.executable, "-m", "tweetpipe", *arguments],
        cwd=folder,
        env=environment,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
