"""What can go wrong while an emulator is made, started, reset or stopped.

EmulatorError              catch this one; its message says what to do
├── HomeError              its folder can't be written: no space, no permission
├── InstallError           pip could not make the environment; again later, it goes on
├── PortInUseError         ask for another port
├── SettingError           a variable of the environment has a value that can't be used
└── StartError             LocalStack ended or did not answer; its log says why
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class EmulatorError(Exception):
    """Root of this package's errors."""


class HomeError(EmulatorError):
    """The folder for the environment or the instance can't be written."""


class InstallError(EmulatorError):
    """pip failed."""


class KeptStateError(EmulatorError):
    """What was kept can't be used, or what was to be kept could not be."""


class PortInUseError(EmulatorError):
    """The port that was asked for belongs to another program."""

    def __init__(self, port: int, by_whom: str, free_port: int) -> None:
        super().__init__(
            f"port {port} is in use{by_whom};"
            f" stop that program, or take another port: {free_port} is free"
        )
        self.port = port
        self.free_port = free_port


class ResetError(EmulatorError):
    """LocalStack could not be emptied."""


class SettingError(EmulatorError):
    """A setting in the environment has a value that LocalStack can't use."""


class StartError(EmulatorError):
    """LocalStack did not come up."""


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn an operating system's refusal into HomeError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise HomeError(
            f"can't write to {folder}: {reason[:1].lower()}{reason[1:]};"
            " free some space, or choose another folder"
        ) from error
