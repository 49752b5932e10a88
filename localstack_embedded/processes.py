"""LocalStack's process: its start, and the end of all that it has started."""

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
# In which what has lost LocalStack ends by itself, all of it: what a function has started and left
# its parent is no child of anything that is known here. See plugin/functions/reaper.py.
REAP_SECONDS = 2.0
PAUSE = 0.01


class _Detached(subprocess.Popen[bytes]):
    """A process that outlives what starts it."""

    def __del__(self) -> None:
        """Popen's own complains that the process still runs."""


def spawn(
    python: Path, environ: Mapping[str, str], log: Path, listener: socket.socket
) -> subprocess.Popen[bytes]:
    """Start LocalStack, which serves on the listener; raises StartError when that can't be run."""
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
            raise StartError(
                f"{python} can't be run: {error.strerror};"
                " delete the folder of this environment, and the next start creates it again"
            ) from error


def end(process: psutil.Process, *, patience: float) -> None:
    """End the process; kill it when that takes more seconds than `patience`, and all it started."""
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.terminate()
        _wait([process], patience)
        _wait(family, min(patience, REAP_SECONDS))
        # The group, for what was started meanwhile; one by one, as functions lead their own groups.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        _wait(family, KILL_SECONDS)
        psutil.wait_procs(family, timeout=0)  # takes note of one's own child, and is no wait


def _wait(members: list[psutil.Process], seconds: float) -> None:
    """Wait until they have ended, with their parents or not: init may take seconds to notice."""
    deadline = time.monotonic() + seconds
    while any(map(_is_alive, members)) and time.monotonic() < deadline:
        time.sleep(PAUSE)


def _is_alive(member: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(member.is_running() and member.status() != psutil.STATUS_ZOMBIE)
    return False
