"""Checks whether this machine has what an emulator needs."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from . import kept, ports, silence
from .emulator import status
from .environment import is_made, require_pip, require_python
from .errors import HomeError, InstallError, KeptStateError, SettingError, writing_to
from .instance import Died, Instance
from .launch import require_settings
from .ownership import is_there
from .suggested import Up, home_setting

SPACE = 10**9
"""Bytes that the environments take, including what pip needs while it makes them."""


class Verdict(StrEnum):
    """The label of a finding; a note has none."""

    OK = "ok"
    MISSING = "missing"
    PROBLEM = "problem"
    NOTE = ""


@dataclass(frozen=True)
class Finding:
    """What was found of one thing."""

    verdict: Verdict
    text: str

    @property
    def is_failure(self) -> bool:
        """Whether `up` would fail."""
        return self.verdict in (Verdict.MISSING, Verdict.PROBLEM)


def examine(home: Path, environment_home: Path) -> Iterator[Finding]:
    """Check everything that can make `up` fail; problems come with their remedies."""
    yield _system()
    yield _python()
    yield _pip()
    yield from _settings()
    refused = list(filter(None, map(_folder, sorted({home, environment_home}))))
    yield from refused
    if not refused:
        yield from _environment(environment_home)
        yield from _kept(home)
        yield _instance(home)


def _system() -> Finding:
    if sys.platform in ("linux", "darwin"):
        return Finding(Verdict.OK, f"system: {sys.platform}")
    return Finding(
        Verdict.PROBLEM, f"system: {sys.platform} is not supported; Linux, macOS, and WSL are"
    )


def _python() -> Finding:
    try:
        require_python()
    except InstallError as error:
        return Finding(Verdict.PROBLEM, f"Python: {error}")
    return Finding(Verdict.OK, f"Python: {sys.version.split()[0]} ({sys.executable})")


def _pip() -> Finding:
    try:
        require_pip()
    except InstallError as error:
        return Finding(Verdict.MISSING, f"pip: {error}")
    return Finding(Verdict.OK, "pip: installed")


def _settings() -> Iterator[Finding]:
    try:
        require_settings(os.environ)
    except SettingError as error:
        yield Finding(Verdict.PROBLEM, f"settings: {error}")


def _folder(folder: Path) -> Finding | None:
    try:
        is_there(folder)
        with writing_to(folder):
            _require_writable(_nearest(folder))
    except HomeError as error:
        return Finding(Verdict.PROBLEM, f"home: {error}")
    return None


def _require_writable(folder: Path) -> None:
    if not folder.is_dir():  # such as a link that leads nowhere
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _nearest(folder: Path) -> Path:
    """The folder, or the one that exists above it."""
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if os.path.lexists(path))


def _environment(home: Path) -> Iterator[Finding]:
    if is_made(home):
        yield Finding(Verdict.OK, f"environment: installed in {home}")
        return
    yield _space(home)
    yield Finding(
        Verdict.NOTE, f"environment: the first start installs it in {home}, in about a minute"
    )


def _space(home: Path) -> Finding:
    folder = _nearest(home)
    free = shutil.disk_usage(folder).free
    if free < SPACE:
        return Finding(
            Verdict.PROBLEM,
            f"disk: {free / 10**9:.1f} GB are free at {folder}, and the environment needs"
            f" {SPACE / 10**9:.0f} GB. Free some space, or choose another folder with"
            f" {home_setting()}",
        )
    return Finding(Verdict.OK, f"disk: {free / 10**9:.0f} GB are free")


def _kept(home: Path) -> Iterator[Finding]:
    if not kept.is_there(home):
        return
    try:
        kept.is_clean(home, Up())
    except KeptStateError as error:
        yield Finding(Verdict.PROBLEM, f"saved state: {error}")
    else:
        yield Finding(Verdict.OK, f"saved state: in {kept.folder(home)}")


def _instance(home: Path) -> Finding:
    match status(home):
        case Instance() as instance:
            if problem := silence.of(home, instance):
                return Finding(Verdict.PROBLEM, problem)
            return Finding(Verdict.OK, f"LocalStack: running at {instance.endpoint}")
        case Died() as died:
            return Finding(Verdict.PROBLEM, died.explanation)
    if ports.is_free(ports.DEFAULT_PORT):
        return Finding(Verdict.NOTE, "LocalStack: not started")
    taken = f"port {ports.DEFAULT_PORT} is in use{ports.by_whom(ports.DEFAULT_PORT)}"
    return Finding(
        Verdict.NOTE, f"LocalStack: not started; {taken}, so it will use the next free one"
    )
