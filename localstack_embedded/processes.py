"""LocalStack's process: its start, and the end of all that it has started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from .errors import StartError
from .ownership import new_private_file

KILL_SECONDS = 5.0


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
                " remove the folder of this environment, and the next start makes it again"
            ) from error


def end(process: psutil.Process, *, patience: float) -> None:
    """End the process; kill it when that takes more seconds than `patience`, and all it started."""
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.terminate()
        psutil.wait_procs([process], timeout=patience)
        # The group, for what was started meanwhile; one by one, as functions lead their own groups.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=KILL_SECONDS)
