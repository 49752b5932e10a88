"""A function's process, with the Runtime API that it talks to."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from threading import Thread

import psutil

from .output import Output
from .reaper import MARK, Reaper
from .runtime_api import Invocation, RuntimeApi, WorkerReport

_reaper = Reaper()


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """What to run, in the folder `code`.

    `environ` is everything that Lambda sets but the address of the Runtime API.
    """

    command: tuple[str, ...]
    code: Path
    environ: Mapping[str, str]


class Worker:
    """One process, from its start to its end."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._api = RuntimeApi()
        self._output = Output()
        self._started = time.monotonic()
        try:
            self._process = subprocess.Popen(
                settings.command,
                cwd=settings.code,
                env={
                    **settings.environ,
                    "AWS_LAMBDA_RUNTIME_API": self._api.address,
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
        """The process's id, and its group's."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def wait_for_init(self, timeout: float) -> float:
        """Wait until it is initialised or has failed: milliseconds since its start."""
        self._api.ready.wait(timeout)
        return (time.monotonic() - self._started) * 1000

    def run(self, invocation: Invocation, timeout: float) -> WorkerReport | None:
        """The invocation's outcome, None if there was none within `timeout` seconds."""
        self._api.submit(invocation)
        try:
            return self._api.reports.get(timeout=timeout)
        except Empty:
            return None

    def take_output(self) -> str:
        """What it has printed since the last call."""
        return self._output.take()

    def memory_mb(self) -> int:
        """Its resident memory in MiB, 0 when it is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss / 2**20)
        except psutil.Error:
            return 0

    def kill(self) -> None:
        """End the process and those that it started."""
        # macOS answers with PermissionError when only ended processes are left in the group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
