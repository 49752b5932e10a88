"""Starts and stops the user's own LocalStack, and reports its status.

An instance's home has `instance.json`; `localstack.log`, of the latest start; `volume/`, the files
of the running instance; and `kept/`, the state kept for the next one. Several instances, each with
its own home, can share one environment.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil

from . import access, answering, kept, ports, processes, silence, state
from .environment import Environment, OnStep, ensure_environment
from .errors import StartError, writing_to
from .homes import DEFAULT_HOME
from .instance import Died, Instance, Stopped
from .launch import localstack_environ, require_settings
from .lock import held
from .ownership import close_to_others, is_there
from .plugin.kept import KEPT_FOLDER
from .restarting import require_same, up_of
from .suggested import Up, shell_command

# The very first start compiles LocalStack, which takes most of a minute on a busy machine.
START_SECONDS = 120.0
STOP_SECONDS = 10.0
KEEP_SECONDS = 60.0
LOG_TAIL_LINES = 15
LOCK_FILE = "instance.lock"
WAITING = "Waiting for another process that starts or stops LocalStack"


def start(
    home: Path = DEFAULT_HOME,
    *,
    environment_home: Path | None = None,
    port: int | None = None,
    open_to_this_machine: bool = False,
    shard_limits: bool = False,
    keep: bool = False,
    on_step: OnStep = lambda step: None,
    timeout: float = START_SECONDS,
) -> Instance:
    """Start LocalStack and wait until it answers; if it already runs in this home, use that one.

    Without `port`, it listens on 4566 or the next free port; with 0, on any free port. The
    environment is the one in `environment_home`, by default the instance's home, and is made if
    needed. It serves its user's programs and those that have its access key or, with
    `open_to_this_machine`, all programs on this machine. With `shard_limits`, AWS's limits apply to
    the shards of its streams. With `keep`, it starts with the state that was kept in this home, and
    keeps its own for the next start. Raises HomeError, InstallError, KeptStateError,
    PortInUseError, SettingError, and StartError; no exception, not even KeyboardInterrupt, leaves
    a process behind.
    """
    home = home.absolute()
    wanted = Up(
        port=port,
        open_to_this_machine=open_to_this_machine,
        shard_limits=shard_limits,
        keep=keep,
    )
    with held(home / LOCK_FILE, partial(on_step, WAITING)):
        close_to_others(home)
        record = _living(home)
        if record is None:
            require_settings(os.environ)
            environment = ensure_environment(environment_home or home, on_step=on_step)
            with closing(ports.listen(port, partial(_with_port, home, wanted))) as listener:
                kept.say_before(home, wanted, on_step)
                _say_port(listener, port, on_step)
                process = _launch(home, environment, listener, wanted)
                # The listener is still open, so that no other program can answer at its port.
                with _ending_it_on_failure(process.pid, home):
                    record = _remembered(home, process.pid, listener, wanted)
                    record = _completed(home, record, wanted, environment, timeout)
                return _instance(home, record, started_by_this_call=True)
        require_same(home, record, wanted)
        if record.version is None:
            on_step("LocalStack has been started and does not answer yet")
            with _ending_it_on_failure(record.pid, home):
                record = _completed(home, record, up_of(home, record), None, timeout)
        elif silence.of(home, _instance(home, record)):
            on_step("LocalStack does not answer yet")
            if problem := silence.of(home, _instance(home, record), patience=timeout):
                raise StartError(problem)
        return _instance(home, record)


def stop(
    home: Path = DEFAULT_HOME,
    *,
    on_step: OnStep = lambda step: None,
    timeout: float = STOP_SECONDS,
) -> bool:
    """Stop LocalStack and everything it has started; False if it was not running.

    It has `timeout` seconds to shut down before it is killed, and at least a minute if it keeps its
    state. Raises KeptStateError, once it has ended, if it could not keep all of it.
    """
    home = home.absolute()
    if not is_there(home):
        return False
    with held(home / LOCK_FILE, partial(on_step, WAITING)):
        record = state.read(home)
        process = record.process() if record else None
        ran = up_of(home, record) if record else Up()
        if process:
            on_step("Stopping LocalStack")
            processes.end(process, patience=max(timeout, KEEP_SECONDS) if ran.keep else timeout)
        shutil.rmtree(home / "volume", ignore_errors=True)
        state.remove(home)
        access.revoke(home)
    if ran.keep:
        was_running = process is not None
        kept.say_after(home, ran, on_step, log=_log(home), was_running=was_running)
    return process is not None


def status(home: Path = DEFAULT_HOME) -> Instance | Stopped | Died:
    """The status of the home's LocalStack; raises HomeError if other users could have forged it."""
    if not is_there(home):
        return Stopped(kept.how_to_start(home))
    record = state.read(home)
    if record is None:
        return Stopped(kept.how_to_start(home))
    if record.process() is None:
        return Died(
            port=record.port,
            log=_log(home),
            log_tail=_log_tail(_log(home)),
            start_again=up_of(home, record).command(home),
            kept=kept.folder(home) if record.is_kept and kept.is_there(home) else None,
        )
    return _instance(home, record)


def find(home: Path = DEFAULT_HOME) -> Instance | None:
    """The home's LocalStack, if it is running."""
    found = status(home)
    return found if isinstance(found, Instance) else None


def _living(home: Path) -> state.InstanceRecord | None:
    record = state.read(home)
    return record if record and record.process() else None


def _with_port(home: Path, wanted: Up, port: int) -> str:
    return replace(wanted, port=port).command(home)


def _instance(
    home: Path, record: state.InstanceRecord, *, started_by_this_call: bool = False
) -> Instance:
    return Instance(
        port=record.port,
        pid=record.pid,
        version=record.version,
        access_key_id=access.key_of(home),
        is_kept=record.is_kept,
        started_by_this_call=started_by_this_call,
    )


def _say_port(listener: socket.socket, wanted: int | None, on_step: OnStep) -> None:
    port, usual = ports.port_of(listener), ports.DEFAULT_PORT
    if wanted is None and port != usual:
        on_step(f"Port {usual} is in use{ports.by_whom(usual)}; using {port} instead")
    on_step(f"Starting LocalStack on port {port}")


def _launch(
    home: Path,
    environment: Environment,
    listener: socket.socket,
    wanted: Up,
) -> subprocess.Popen[bytes]:
    with writing_to(home):
        environ = localstack_environ(
            os.environ,
            environment,
            volume=_fresh(home / "volume"),
            port=ports.port_of(listener),
            listener=listener.fileno(),
        ) | access.grant(home, open_to_this_machine=wanted.open_to_this_machine)
        if wanted.shard_limits:
            environ["KINESIS_SHARD_LIMITS"] = "1"
        if wanted.keep:
            environ[KEPT_FOLDER] = str(kept.folder(home))
        remedy = f"To install LocalStack again, run:{_reinstall(home, wanted, environment)}"
        return processes.spawn(environment.python, environ, _log(home), listener, remedy)


def _reinstall(home: Path, wanted: Up, environment: Environment) -> str:
    """The commands that install LocalStack again: an environment without its stamp is remade."""
    return f"{shell_command('rm', environment.stamp)}{wanted.command(home)}"


def _remembered(home: Path, pid: int, listener: socket.socket, wanted: Up) -> state.InstanceRecord:
    with writing_to(home):
        port = ports.port_of(listener)
        record = state.InstanceRecord.of(
            pid, port, has_shard_limits=wanted.shard_limits, is_kept=wanted.keep
        )
        state.write(home, record)
    return record


def _completed(
    home: Path,
    record: state.InstanceRecord,
    wanted: Up,
    environment: Environment | None,
    timeout: float,
) -> state.InstanceRecord:
    """The record with its version, as soon as LocalStack answers; raises StartError."""
    process, log = psutil.Process(record.pid), _log(home)

    def check() -> None:
        with suppress(psutil.TimeoutExpired):
            status = process.wait(0)
            kept.raise_if_refused(home, wanted, log)
            with_status = "" if status is None else f" with status {status}"
            tail = _log_tail(log)
            how = f"For a more detailed log, run:{wanted.command(home, DEBUG='1')}"
            if environment and "ModuleNotFoundError" in tail:
                how = f"To install LocalStack again, run:{_reinstall(home, wanted, environment)}"
            raise StartError(
                f"LocalStack ended{with_status} while it started. {how}\nThe end of {log}:\n{tail}"
            )

    version = answering.version_at(record.port, timeout=timeout, on_wait=check)
    if version is None:
        raise StartError(
            f"LocalStack did not answer within {timeout:.0f} seconds, and was ended. If this"
            f" machine was busy, run this command again. The end of {log}:\n{_log_tail(log)}"
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
        lines = log.read_text(errors="replace").rstrip().splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:]).strip("\n")
    except OSError:
        return "(there is no log)"
