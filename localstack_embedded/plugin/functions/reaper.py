"""The process that kills everything that functions have started, once LocalStack has ended.

    python -I reaper.py MARK < pipe

LocalStack itself can't do so when it is killed. The kernel could end the workers with it, but not
what they have started, and on macOS not even the workers. So this process reads from a pipe, which
closes when LocalStack ends, no matter how. A line `+PID` names a worker, which leads a process
group, and `-PID` a worker that has ended. Processes that left their group are recognized by MARK,
the value of a variable in their environment.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Lock

MARK = "LOCALSTACK_EMBEDDED_RUN"
ROUNDS = 10  # for processes that keep starting others


class Reaper:
    """LocalStack's handle on the process, which it starts with the first worker."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(16)
        self._workers: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None  # no file object, which would have to be closed at the end
        self._lock = Lock()

    @property
    def mark(self) -> str:
        """The mark of this process's workers; a process forked from it has another one."""
        return f"{self._run}-{os.getpid()}"

    def watch(self, pid: int) -> None:
        """Have the worker and its group killed when this process ends."""
        with self._lock:
            self._workers.add(pid)
            if self._process is None or self._process.poll() is not None:
                self._start()
            else:
                self._tell(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        """Stop watching a worker that has ended."""
        with self._lock:
            self._workers.discard(pid)
            self._tell(f"-{pid}\n")

    def _start(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
        read, self._pipe = os.pipe()
        self._process = _Outliving(
            [sys.executable, "-I", __file__, self.mark],
            stdin=read,
            start_new_session=True,  # so that it is not killed with this group
        )
        os.close(read)
        self._tell("".join(f"+{pid}\n" for pid in self._workers))

    def _tell(self, lines: str) -> None:
        if self._pipe is not None:
            # It may have been killed; the next worker starts another.
            with suppress(BrokenPipeError):
                os.write(self._pipe, lines.encode())


class _Outliving(subprocess.Popen[bytes]):
    def __del__(self) -> None:
        """Do nothing: Popen's own method warns that the process is still running."""


def main() -> None:
    """Wait until LocalStack has ended, and kill what is left."""
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for _ in range(ROUNDS):
        if not _kill_marked(sys.argv[1]):
            break


def _kill_marked(mark: str) -> int:
    """Kill the processes with the mark; returns how many there were."""
    import psutil  # not needed before LocalStack ends

    found = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                process.kill()
                found += 1
    return found


if __name__ == "__main__":
    main()
