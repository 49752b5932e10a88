"""The process that ends all that functions have started, once LocalStack has ended.

    python -I reaper.py MARK < pipe

LocalStack itself gets no chance to when it is killed. The kernel would end the workers with it, but
not what they have started, and on macOS nothing. So this process reads from a pipe that closes with
LocalStack, however that ends. A line `+PID` names a worker, which leads a process group, and `-PID`
one that is gone. What has left its group is known by MARK, a variable of its environment.
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
ROUNDS = 10  # against what goes on starting others


class Reaper:
    """The process as LocalStack sees it, started with the first worker."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(16)
        self._workers: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None  # no file object, which would have to be closed at the end
        self._lock = Lock()

    @property
    def mark(self) -> str:
        """What marks this process's workers, but not those of one that was forked from it."""
        return f"{self._run}-{os.getpid()}"

    def watch(self, pid: int) -> None:
        """See to it that the worker and its group end with this process."""
        with self._lock:
            self._workers.add(pid)
            if self._process is None or self._process.poll() is not None:
                self._start()
            else:
                self._tell(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        """The worker has ended."""
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
            start_new_session=True,  # not to be killed with this one's group
        )
        os.close(read)
        self._tell("".join(f"+{pid}\n" for pid in self._workers))

    def _tell(self, lines: str) -> None:
        if self._pipe is not None:
            # Somebody may have killed it; the next worker starts another.
            with suppress(BrokenPipeError):
                os.write(self._pipe, lines.encode())


class _Outliving(subprocess.Popen[bytes]):
    def __del__(self) -> None:
        """Popen's own complains that the process still runs."""


def main() -> None:
    """Wait for the end, and end what is left."""
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
    """How many processes with the mark there were to kill."""
    import psutil  # which only the end needs

    found = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                process.kill()
                found += 1
    return found


if __name__ == "__main__":
    main()
