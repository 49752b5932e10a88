"""A function's process, with the Runtime API that it talks to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from threading import Event, Thread

import psutil

from .output import Output
from .reaper import MARK, Reaper
from .runtime_api import Invocation, RuntimeApi, WorkerReport

LOOK_AT_MEMORY_EVERY = 0.1  # seconds

_reaper = Reaper()


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """The command to run, in the folder `code`.

    `environ` has all variables that Lambda sets, except for the address of the Runtime API. With
    `takes_plain_address`, that address has AWS's form, without a secret, for clients of any kind.
    """

    command: tuple[str, ...]
    code: Path
    environ: Mapping[str, str]
    takes_plain_address: bool = False


class Worker:
    """One process, from its start to its end."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._api = RuntimeApi(is_from_worker=self._has_connection)
        self.memory_limit_mb = int(settings.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
        self._spawned = Event()
        self._output = Output()
        self._started = time.monotonic()
        self._most_mb = 0
        try:
            self._process = subprocess.Popen(
                settings.command,
                cwd=settings.code,
                env={
                    **settings.environ,
                    "AWS_LAMBDA_RUNTIME_API": (
                        self._api.host if settings.takes_plain_address else self._api.address
                    ),
                    MARK: _reaper.mark,
                },
                stdin=subprocess.DEVNULL,
                stdout=self._output.write_end,
                stderr=self._output.write_end,
                start_new_session=True,
            )
        except OSError:
            self._api.close()
            raise
        finally:
            self._output.close_write_end()
        self._spawned.set()
        _reaper.watch(self.pid)
        Thread(target=self._report_exit, name="function-exit", daemon=True).start()

    def _report_exit(self) -> None:
        status = self._process.wait()
        if status > 0:
            reason = f"Runtime exited with error: exit status {status}"
        elif status < 0:
            name = (signal.strsignal(-status) or str(-status)).split(":")[0].lower()
            reason = f"Runtime exited with error: signal: {name}"
        else:
            reason = "Runtime exited without providing a reason"
        self.kill()  # what it may have started
        self._api.report(WorkerReport("exit", reason.encode()))
        self._api.close()
        _reaper.forget(self.pid)

    @property
    def pid(self) -> int:
        """The ID of the process, and of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self._process.poll() is None

    def wait_for_init(self, timeout: float) -> float:
        """Wait until it is initialized or has failed; returns milliseconds since its start."""
        self._api.ready.wait(timeout)
        return (time.monotonic() - self._started) * 1000

    def run(self, invocation: Invocation, timeout: float) -> WorkerReport | None:
        """The invocation's outcome, or None if there was none within `timeout` seconds.

        A process that uses more memory than the function has is killed, which is an outcome too.
        """
        self._api.submit(invocation)
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            with suppress(Empty):
                report = self._api.reports.get(timeout=min(left, LOOK_AT_MEMORY_EVERY))
                if report.kind == "exit" or not self.is_out_of_memory:
                    return report
            if self.is_out_of_memory:
                self.kill()  # which is reported as an exit
        return None

    @property
    def is_out_of_memory(self) -> bool:
        """Whether it has used more memory than the function has."""
        return self.memory_mb() > self.memory_limit_mb

    def take_output(self) -> str:
        """What it has printed since the last call."""
        return self._output.take()

    def memory_mb(self) -> int:
        """Its peak memory in MiB, on Linux without mapped files.

        Such files, like the interpreter's, are shared; AWS has them in memory anyway.
        """
        self._most_mb = max(self._most_mb, _memory_mb(self.pid))
        return self._most_mb

    def _has_connection(self, port: int) -> bool:
        """Whether the process, or a descendant, has a connection from this port."""
        self._spawned.wait()
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            for member in (process, *process.children(recursive=True)):
                with suppress(psutil.Error):
                    if any(each.laddr.port == port for each in member.net_connections("tcp")):
                        return True
        return False

    def kill(self) -> None:
        """Kill the process and those that it started."""
        # macOS answers with PermissionError when only ended processes are left in the group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def _memory_mb(pid: int) -> int:
    """A process's memory in MiB: its peak on Linux, the current size elsewhere; 0 if it is gone."""
    try:
        if sys.platform != "linux":
            return int(psutil.Process(pid).memory_info().rss / 2**20)
        status = Path(f"/proc/{pid}/status").read_text(errors="replace")
    except (OSError, psutil.Error):
        return 0
    # https://man7.org/linux/man-pages/man5/proc_pid_status.5.html; a zombie has none of these.
    kb = {
        name: int(value) for name, value in re.findall(r"^(VmHWM|RssFile):\s+(\d+)", status, re.M)
    }
    return (kb.get("VmHWM", 0) - kb.get("RssFile", 0)) // 1024
