"""Runs test files in processes forked from the one that has collected all tests.

A worker of pytest-xdist collects all tests again, which takes longer than most of its tests. Where
libraries don't survive a fork, as on macOS, the workers of pytest-xdist are used.
"""

from __future__ import annotations

import atexit
import gc
import os
import struct
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

import pytest

from tests.scheduling import in_order

_NUMBER = struct.Struct("H")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Take -n over from pytest-xdist."""
    processes = getattr(config.option, "numprocesses", None)
    if sys.platform == "linux" and isinstance(processes, int) and not config.option.usepdb:
        config.option.numprocesses = 0
        config.pluginmanager.register(_Loop(processes))


class _Loop:
    """Runs the tests in several processes."""

    def __init__(self, processes: int) -> None:
        self._processes = processes

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        config: Any = session.config
        files = in_order(session.items)
        processes = min(self._processes, len(files))
        if processes < 2 or config.option.collectonly or session.testsfailed:
            return None  # pytest's own loop knows what to do
        waiting, given = os.pipe()
        os.write(given, b"".join(map(_NUMBER.pack, range(len(files)))))
        os.close(given)
        folder = config._tmp_path_factory.getbasetemp()
        config.get_terminal_writer().flush()
        workers: dict[Any, _Worker] = {}
        for number in range(processes):
            here, there = Pipe()
            pid = os.fork()
            if pid == 0:
                config.workerinput = {"workerid": f"gw{number}"}
                config.option.basetemp = folder / f"worker{number}"
                _become_worker(config, there)
                _work(session, _taken(waiting, files), there)
                return True  # from here on, it ends like any run of pytest
            there.close()
            workers[here] = _Worker(pid)
        os.close(waiting)
        config.pluginmanager.get_plugin("terminalreporter").showfspath = False
        _follow(session, workers)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        return True


def _become_worker(config: Any, parent: Connection[Any, Any]) -> None:
    """Close what other processes also write to, and report to the parent."""
    # At its end, Python would look for garbage in all inherited objects.
    atexit.register(gc.freeze)
    config._tmp_path_factory = pytest.TempPathFactory.from_config(config, _ispytest=True)
    capture = config.pluginmanager.get_plugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(_Reporter(config, parent))


def _taken(waiting: int, files: Sequence[list[pytest.Item]]) -> Iterator[pytest.Item]:
    """The tests of one file after another, without files that other workers have taken."""
    while number := os.read(waiting, _NUMBER.size):
        yield from files[_NUMBER.unpack(number)[0]]


def _work(
    session: pytest.Session, items: Iterator[pytest.Item], parent: Connection[Any, Any]
) -> None:
    item = next(items, None)
    # The parent sends only one message: to stop.
    while item and not (session.shouldfail or session.shouldstop or parent.poll()):
        following = next(items, None)
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        item = following


class _Reporter:
    """Reports to the parent when a test begins, and its outcome when it ends."""

    def __init__(self, config: pytest.Config, parent: Connection[Any, Any]) -> None:
        self._config = config
        self._parent = parent
        self._reports: list[dict[str, Any]] = []

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._parent.send(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        to_data = self._config.hook.pytest_report_to_serializable
        self._reports.append(to_data(config=self._config, report=report))

    def pytest_runtest_logfinish(self) -> None:
        self._parent.send(self._reports)
        self._reports = []

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: Any
    ) -> None:
        file, line = warning_message.filename, warning_message.lineno
        # Some classes of warnings can't be sent.
        told = warnings.WarningMessage(str(warning_message.message), UserWarning, file, line)
        self._parent.send(
            {"warning_message": told, "when": when, "nodeid": nodeid, "location": location}
        )


@dataclass
class _Worker:
    """A worker process, from its parent's side."""

    pid: int
    test: str = "before the first test"
    has_failed: bool = False
    is_stopping: bool = False


def _follow(session: pytest.Session, workers: dict[Any, _Worker]) -> None:
    """Pass on the workers' reports until all workers have ended."""
    try:
        while workers:
            each: Any
            for each in wait(list(workers)):
                try:
                    _hear(session.config, workers[each], each.recv())
                except (EOFError, ConnectionResetError):
                    _has_ended(session.config, workers.pop(each))
                    each.close()
            if session.shouldfail or session.shouldstop:
                _stop(workers)
    except BaseException:
        _stop(workers)
        _follow(session, workers)
        raise


def _stop(workers: dict[Any, _Worker]) -> None:
    for each, worker in workers.items():
        if not worker.is_stopping:
            worker.is_stopping = True
            with suppress(OSError):
                each.send("enough")


def _hear(config: pytest.Config, worker: _Worker, message: Any) -> None:
    if isinstance(message, str):
        worker.test = message
    elif isinstance(message, dict):
        config.hook.pytest_warning_recorded(**message)
    else:
        for data in message:
            report = config.hook.pytest_report_from_serializable(config=config, data=data)
            _report(config, worker, report)
        config.hook.pytest_runtest_logfinish(nodeid=worker.test, location=("", None, ""))
        worker.test = "after its last test"


def _report(config: pytest.Config, worker: _Worker, report: pytest.TestReport) -> None:
    worker.has_failed |= report.failed
    config.hook.pytest_runtest_logreport(report=report)


def _has_ended(config: pytest.Config, worker: _Worker) -> None:
    """Report a worker that ended unexpectedly as a failed test."""
    _, status = os.waitpid(worker.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != worker.has_failed and not worker.is_stopping:
        test = worker.test
        why = f"Its process ended with {code}, without running the tests after it in this file."
        _report(
            config, worker, pytest.TestReport(test, (test, None, test), {}, "failed", why, "call")
        )
