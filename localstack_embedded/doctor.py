"""Checks whether this machine has what an emulator needs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from . import ports
from .emulator import status
from .environment import is_made, require_python
from .errors import HomeError, InstallError
from .instance import Died, Instance
from .ownership import require_own

SPACE = 10**9
"""Bytes that the environments take, including what pip needs while it makes them."""


@dataclass(frozen=True)
class Finding:
    """A line about one thing; `is_well` is None if it is only a note."""

    is_well: bool | None
    text: str


def examine(home: Path, environment_home: Path) -> Iterator[Finding]:
    """Check everything that can make `up` fail; problems come with their remedies."""
    yield _system()
    yield _python()
    yield _pip()
    refused = list(filter(None, map(_folder, sorted({home, environment_home}))))
    yield from refused
    if not refused:
        yield from _environment(environment_home)
        yield _instance(home)


def _system() -> Finding:
    if sys.platform in ("linux", "darwin"):
        return Finding(True, f"system: {sys.platform}")
    return Finding(False, f"system: {sys.platform} is not supported; Linux, macOS, and WSL are")


def _python() -> Finding:
    try:
        require_python()
    except InstallError as error:
        return Finding(False, f"Python: {error}")
    return Finding(True, f"Python: {sys.version.split()[0]} ({sys.executable})")


def _pip() -> Finding:
    if find_spec("pip"):
        return Finding(True, "pip: there")
    return Finding(False, f"pip: LocalStack needs it: {sys.executable} -m ensurepip")


def _folder(folder: Path) -> Finding | None:
    try:
        require_own(folder.absolute())
    except HomeError as error:
        return Finding(False, f"home: {error}")
    return None


def _environment(home: Path) -> Iterator[Finding]:
    if is_made(home):
        yield Finding(True, f"environment: installed in {home}")
        return
    yield _space(home)
    yield Finding(None, f"environment: the first start installs it in {home}, in about a minute")


def _space(home: Path) -> Finding:
    folder = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < SPACE:
        return Finding(
            False,
            f"disk: {free / 10**9:.1f} GB are free at {folder}, and the environment needs"
            f" {SPACE / 10**9:.0f}. Free some space, or choose another folder with --home",
        )
    return Finding(True, f"disk: {free / 10**9:.0f} GB are free")


def _instance(home: Path) -> Finding:
    match status(home):
        case Instance() as instance:
            return Finding(True, f"LocalStack: running at {instance.endpoint}")
        case Died() as died:
            return Finding(False, f"LocalStack: {died.explanation}")
    if ports.is_free(ports.DEFAULT_PORT):
        return Finding(None, "LocalStack: not started")
    taken = f"port {ports.DEFAULT_PORT} is in use{ports.by_whom(ports.DEFAULT_PORT)}"
    return Finding(None, f"LocalStack: not started; {taken}, so it will use the next free one")
