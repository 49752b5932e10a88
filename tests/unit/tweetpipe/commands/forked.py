"""Runs commands in forks of a process that has imported them, because imports take a while."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).parents[4]
_PRELOADED = "tests.unit.tweetpipe.commands.preloaded"
_PROCESSES = multiprocessing.get_context("forkserver")


@contextmanager
def running(
    folder: Path, work: Callable[..., None], *arguments: object
) -> Iterator[tuple[BaseProcess, Callable[[], str]]]:
    """The process, and its output so far."""
    with pytest.MonkeyPatch.context() as patched:
        # In a test's empty folder, its imports would fail silently.
        patched.chdir(_CHECKOUT)
        _PROCESSES.set_forkserver_preload([_PRELOADED, work.__module__])
        forkserver.ensure_running()
    said = folder / "said"
    process = _PROCESSES.Process(target=_in_child, args=(folder, said, work, arguments))
    process.start()
    try:
        yield process, lambda: said.read_text() if said.exists() else ""
    finally:
        process.kill()
        process.join()


def _in_child(
    folder: Path, said: Path, work: Callable[..., None], arguments: tuple[object, ...]
) -> None:
    os.chdir(folder)
    # Ignored where the tests run under nohup.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for name in [name for name in os.environ if name.startswith(("AWS_", "TWEETPIPE_"))]:
        del os.environ[name]
    with said.open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    silent, _ = socket.socketpair()  # a standard input on which nothing comes
    sys.stdin = silent.makefile("r")
    os.dup2(silent.fileno(), 0)
    work(*arguments)
