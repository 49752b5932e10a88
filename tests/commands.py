"""Runs tweetpipe's commands as a user does, including those that run until they are stopped."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from tweetpipe.commands import terminal
from tweetpipe.commands.main import main

Environment = dict[str, str]

_PATIENT = """
from producer import Settings
from tweetpipe.commands import interrupt
Settings.__init__.__kwdefaults__["drain_deadline"] = 60.0
interrupt.ending_in_time.__wrapped__.__kwdefaults__["within"] = 60.0
from tweetpipe.__main__ import main
main()
"""
PATIENT_COMMAND = (sys.executable, "-c", _PATIENT)
"""Runs `tweetpipe` with a minute to deliver and to clean up after Ctrl-C.

A busy machine may need more than the usual seconds.
"""


def environment_for(endpoint: str) -> Environment:
    """The environment of a user who has set only the emulator's address."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    return kept | {"AWS_ENDPOINT_URL": endpoint, "COLUMNS": "200", "PYTHONUTF8": "1"}


def run_here(
    *arguments: str, folder: Path, environment: Environment, answers: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `tweetpipe` with these arguments in this process, because starting one takes a second.

    It gets only this environment and this folder; `answers` are typed in.
    """
    typed, out, err = (
        io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)
        for text in (answers, "", "")
    )
    with (
        chdir(folder),
        patch.dict(os.environ, environment, clear=True),
        patch.object(sys, "stdin", typed),
        redirect_stdout(out),
        redirect_stderr(err),
        # A console looks up its width when it is made.
        patch.object(terminal, "out", Console(highlight=False)),
        patch.object(terminal, "err", Console(stderr=True, highlight=False)),
    ):
        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code or 0
    assert isinstance(code, int)
    said = [file.buffer.getvalue().decode() for file in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *said)


@contextmanager
def dashboard(
    environment: Environment, stack_name: str, folder: Path
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of the page, and the process that serves it."""
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
    """The process that sends fake tweets at a rate per second."""
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
