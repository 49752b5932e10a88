"""Starts and stops a LocalStack of one's own, and tells how it is.

An instance's home holds `instance.json`, `localstack.log` of the latest start, and `volume/`, what
LocalStack keeps while it runs. Several instances, with a home each, may share one environment.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil

from . import access, answering, ports, processes, state
from .environment import DEFAULT_HOME, Environment, OnStep, ensure_environment
from .errors import SettingError, StartError, writing_to
from .launch import localstack_environ
from .lock import held
from .ownership import close_to_others, require_own
from .plugin.settings import wrong

# The first start of all compiles LocalStack, which on a busy machine takes most of a minute.
START_SECONDS = 120.0
STOP_SECONDS = 10.0
LOG_TAIL_LINES = 15
LOCK_FILE = "instance.lock"
WAITING = "Waiting for another process that starts or stops LocalStack"


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A LocalStack that runs; `version` is None while it is still starting.

    `access_key_id` is the value for AWS_ACCESS_KEY_ID; any secret goes with it, but for presigned
    URLs "test".
    """

    port: int
    pid: int
    version: str | None
    access_key_id: str = access.DEFAULT_KEY
    started_by_this_call: bool = False

    @property
    def endpoint(self) -> str:
        """The value for AWS_ENDPOINT_URL."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """What AWS's tools need in their environment to use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    def whom_it_serves(self) -> str:
        """A line for a person to read: whose programs, and what the others need."""
        if self.access_key_id == access.DEFAULT_KEY:
            return "It is open to this machine: any user's program may run code as you there."
        return (
            "It serves your own programs; what it can't tell to be yours needs"
            f" AWS_ACCESS_KEY_ID={self.access_key_id}"
        )


@dataclass(frozen=True)
class Stopped:
    """No LocalStack was started, or it was stopped."""


@dataclass(frozen=True, kw_only=True)
class Died:
    """LocalStack was started and has ended by itself; what it held is gone."""

    port: int
    log: Path
    log_tail: str

    @property
    def explanation(self) -> str:
        """What happened and what to do."""
        return (
            "LocalStack has ended by itself, and what was deployed in it is gone;"
            f" start it again. The end of {self.log}:\n{self.log_tail}"
        )


def start(
    home: Path = DEFAULT_HOME,
    *,
    environment_home: Path | None = None,
    port: int | None = None,
    open_to_this_machine: bool = False,
    shard_limits: bool = False,
    on_step: OnStep = lambda step: None,
    timeout: float = START_SECONDS,
) -> Instance:
    """Start LocalStack and wait until it answers; the one that runs already will do as well.

    Without `port` it takes 4566 or the next free one, with 0 any free one. The environment is the
    one in `environment_home`, by default the instance's home, and is made if need be. It serves its
    user's programs and whoever has its access key, or all on this machine. With `shard_limits`,
    the shards of its streams take and give no more than AWS's do. Raises HomeError, InstallError,
    PortInUseError, SettingError and StartError; whatever is raised, KeyboardInterrupt too, leaves
    no process.
    """
    home = home.absolute()
    with held(home / LOCK_FILE, partial(on_step, WAITING)):
        close_to_others(home)
        record = _living(home)
        if record is None:
            if faults := wrong(os.environ):
                raise SettingError("; ".join(faults))
            environment = ensure_environment(environment_home or home, on_step=on_step)
            with closing(ports.listen(port)) as listener:
                _say_port(listener, port, on_step)
                options = (open_to_this_machine, shard_limits)
                process = _launch(home, environment, listener, *options)
                # The listener is still open, so that nobody else can answer at its port.
                with _ending_it_on_failure(process.pid, home):
                    record = _remembered(home, process.pid, listener, shard_limits)
                    record = _completed(home, record, timeout)
                return _instance(home, record, started_by_this_call=True)
        for is_otherwise, wanted in (
            (port not in (None, 0, record.port), f"it on port {port}"),
            (open_to_this_machine and not access.is_open(home), "it open to this machine"),
            (shard_limits and not record.has_shard_limits, "its shards limited"),
        ):
            if is_otherwise:
                raise StartError(
                    f"LocalStack runs already, on port {record.port};"
                    f" stop it first to have {wanted}"
                )
        if record.version is None:
            on_step("LocalStack has been started already, and does not answer yet")
            with _ending_it_on_failure(record.pid, home):
                record = _completed(home, record, timeout)
        return _instance(home, record)


def stop(
    home: Path = DEFAULT_HOME,
    *,
    on_step: OnStep = lambda step: None,
    timeout: float = STOP_SECONDS,
) -> bool:
    """Stop LocalStack and all it has started; False when it was not running.

    It may take `timeout` seconds to end in good order before it is killed.
    """
    home = home.absolute()
    if not home.exists():
        return False
    with held(home / LOCK_FILE, partial(on_step, WAITING)):
        record = state.read(home)
        process = record.process() if record else None
        if process:
            on_step("Stopping LocalStack")
            processes.end(process, patience=timeout)
        shutil.rmtree(home / "volume", ignore_errors=True)
        state.remove(home)
        access.revoke(home)
        return process is not None


def status(home: Path = DEFAULT_HOME) -> Instance | Stopped | Died:
    """How the home's LocalStack is; raises HomeError where others could have forged that."""
    if not home.exists():
        return Stopped()
    require_own(home.absolute())
    record = state.read(home)
    if record is None:
        return Stopped()
    if record.process() is None:
        return Died(port=record.port, log=_log(home), log_tail=_log_tail(_log(home)))
    return _instance(home, record)


def find(home: Path = DEFAULT_HOME) -> Instance | None:
    """The home's LocalStack if it runs."""
    found = status(home)
    return found if isinstance(found, Instance) else None


def _living(home: Path) -> state.InstanceRecord | None:
    record = state.read(home)
    return record if record and record.process() else None


def _instance(
    home: Path, record: state.InstanceRecord, *, started_by_this_call: bool = False
) -> Instance:
    return Instance(
        port=record.port,
        pid=record.pid,
        version=record.version,
        access_key_id=access.key_of(home),
        started_by_this_call=started_by_this_call,
    )


def _say_port(listener: socket.socket, wanted: int | None, on_step: OnStep) -> None:
    port, usual = ports.port_of(listener), ports.DEFAULT_PORT
    if wanted is None and port != usual:
        on_step(f"Port {usual} is in use{ports.by_whom(usual)}, so this takes {port}")
    on_step(f"Starting LocalStack on port {port}")


def _launch(
    home: Path,
    environment: Environment,
    listener: socket.socket,
    open_to_this_machine: bool,
    shard_limits: bool,
) -> subprocess.Popen[bytes]:
    with writing_to(home):
        environ = localstack_environ(
            os.environ,
            environment,
            volume=_fresh(home / "volume"),
            port=ports.port_of(listener),
            listener=listener.fileno(),
        ) | access.grant(home, open_to_this_machine=open_to_this_machine)
        if shard_limits:
            environ["KINESIS_SHARD_LIMITS"] = "1"
        return processes.spawn(environment.python, environ, _log(home), listener)


def _remembered(
    home: Path, pid: int, listener: socket.socket, shard_limits: bool
) -> state.InstanceRecord:
    with writing_to(home):
        port = ports.port_of(listener)
        record = state.InstanceRecord.of(pid, port, has_shard_limits=shard_limits)
        state.write(home, record)
    return record


def _completed(home: Path, record: state.InstanceRecord, timeout: float) -> state.InstanceRecord:
    """The record with its version, as soon as LocalStack answers; raises StartError."""
    process, log = psutil.Process(record.pid), _log(home)

    def check() -> None:
        with suppress(psutil.TimeoutExpired):
            status = process.wait(0)
            with_status = "" if status is None else f" with status {status}"
            raise StartError(
                f"LocalStack ended{with_status} while it started;"
                f" the end of {log}:\n{_log_tail(log)}"
            )

    version = answering.version_at(record.port, timeout=timeout, on_wait=check)
    if version is None:
        raise StartError(
            f"LocalStack did not answer within {timeout:.0f} seconds;"
            f" the end of {log}:\n{_log_tail(log)}"
        )
    check()
    record = replace(record, version=version)
    with writing_to(home):
        state.write(home, record)
    return record


@contextmanager
def _ending_it_on_failure(pid: int, home: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(psutil.NoSuchProcess):
            processes.end(psutil.Process(pid), patience=0)
        state.remove(home)
        raise


def _fresh(volume: Path) -> Path:
    shutil.rmtree(volume, ignore_errors=True)
    (volume / "temporary").mkdir(mode=0o700, parents=True)
    volume.chmod(0o700)
    return volume


def _log(home: Path) -> Path:
    return home / "localstack.log"


def _log_tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
    except OSError:
        return "(there is no log)"
