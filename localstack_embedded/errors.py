"""Errors of installing, starting, resetting, and stopping an emulator.

EmulatorError              catch this one; its message says what to do
├── HomeError              its folder can't be used, or other users can change it
├── InstallError           pip is missing, or could not make the environment
├── KeptStateError         the saved state can't be used, or state could not be saved
├── PortInUseError         ask for another port
├── ResetError             LocalStack could not be emptied
├── SettingError           an environment variable has a value that can't be used
└── StartError             LocalStack ended or did not answer; its log says why
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .suggested import home_setting


class EmulatorError(Exception):
    """Root of this package's errors."""


class HomeError(EmulatorError):
    """The folder for the environment or the instance can't be used, or isn't the user's own."""


class InstallError(EmulatorError):
    """pip is missing or failed, or LocalStack doesn't support this Python."""


class KeptStateError(EmulatorError):
    """The saved state can't be used, or state could not be saved."""


class PortInUseError(EmulatorError):
    """The requested port is in use by another program.

    `command` starts LocalStack on the free port.
    """

    def __init__(self, port: int, by_whom: str, free_port: int, command: str = "") -> None:
        use_it = f". To use that one, run:{command}" if command else ""
        super().__init__(
            f"Port {port} is in use{by_whom}. Stop that program, or use another port: {free_port}"
            f" is free{use_it}"
        )
        self.port = port
        self.free_port = free_port


class ResetError(EmulatorError):
    """LocalStack could not be emptied."""


class SettingError(EmulatorError):
    """A setting in the environment has a value that LocalStack can't use."""


class StartError(EmulatorError):
    """LocalStack did not start, or no longer runs."""


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn an OSError into HomeError."""
    try:
        yield
    except OSError as error:
        raise home_error(folder, error) from error


def home_error(folder: Path, error: OSError) -> HomeError:
    """What the system refused in this folder, and what to do about it."""
    reason = error.strerror or str(error)
    reason = f"{reason[:1].lower()}{reason[1:]}"
    if error.filename and Path(os.fsdecode(error.filename)) != folder:
        reason = f"{reason} ({os.fsdecode(error.filename)})"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            advice = f"Free some space, or choose another folder with {home_setting()}"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            advice = f"Choose a folder that you can write to with {home_setting()}"
        case errno.ENAMETOOLONG:
            advice = f"Choose a shorter path with {home_setting()}"
        case errno.EMFILE | errno.ENFILE | errno.ENOMEM:
            advice = "End some programs, then run this command again"
        case _:
            advice = f"Choose another folder with {home_setting()}"
            if in_the_way := next(filter(_is_no_folder, (folder, *folder.parents)), None):
                reason = f"{in_the_way} is not a folder"
    return HomeError(f"Can't use the folder {folder}: {reason}. {advice}")


def _is_no_folder(path: Path) -> bool:
    return os.path.lexists(path) and not os.path.isdir(path)
