"""Starts LocalStack's process, and ends it with everything it has started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from .errors import StartError
from .ownership import new_private_file

KILL_SECONDS = 5.0
# The time in which everything that LocalStack started ends by itself once it is gone. What a
# function started may have left its parent, and is then unknown here: plugin/functions/reaper.py.
REAP_SECONDS = 2.0
PAUSE = 0.01


class _Detached(subprocess.Popen[bytes]):
    """A process that outlives the one that starts it."""

    def __del__(self) -> None:
        """Do nothing: Popen's own warns that the process still runs."""


def spawn(
    python: Path, environ: Mapping[str, str], log: Path, listener: socket.socket, remedy: str
) -> subprocess.Popen[bytes]:
    """Start LocalStack, which serves on the listener.

    Raises StartError, which ends with the remedy, if Python can't be run.
    """
    with new_private_file(log) as output:
        try:
            return _Detached(
                [str(python), "-m", "localstack.runtime.main"],
                cwd=environ["FILESYSTEM_ROOT"],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[listener.fileno()],
                start_new_session=True,
                umask=0o077,
            )
        except OSError as error:
            raise StartError(f"{python} can't be run: {error.strerror}. {remedy}") from error


def end(process: psutil.Process, *, patience: float) -> None:
    """End the process and everything it started; after `patience` seconds, kill them."""
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.terminate()
        process.resume()  # a suspended one could not shut down, and so not keep its state
        _wait([process], patience)
        _wait(family, min(patience, REAP_SECONDS))
        # Kill the group, for processes started in the meantime, and then each process, since
        # functions lead their own groups.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        _wait(family, KILL_SECONDS)
        psutil.wait_procs(family, timeout=0)  # reaps a child of this process, and doesn't wait


def _wait(members: list[psutil.Process], seconds: float) -> None:
    """Wait until all have ended, reaped or not: init may take seconds to reap orphans."""
    deadline = time.monotonic() + seconds
    while any(map(_is_alive, members)) and time.monotonic() < deadline:
        time.sleep(PAUSE)


def _is_alive(member: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(member.is_running() and member.status() != psutil.STATUS_ZOMBIE)
    return False
