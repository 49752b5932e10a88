"""Errors of installing, starting, resetting, and stopping an emulator.

EmulatorError              catch this one; its message says what to do
├── HomeError              its folder can't be written, or other users can change it
├── InstallError           pip could not make the environment; another attempt continues
├── KeptStateError         the kept state can't be used, or state could not be kept
├── PortInUseError         ask for another port
├── ResetError             LocalStack could not be emptied
├── SettingError           an environment variable has a value that can't be used
└── StartError             LocalStack ended or did not answer; its log says why
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOT_RUNNING = "LocalStack is not running. Start it:\n  localstack-embedded up"


class EmulatorError(Exception):
    """Root of this package's errors."""


class HomeError(EmulatorError):
    """The folder for the environment or the instance can't be written, or isn't the user's own."""


class InstallError(EmulatorError):
    """pip failed, or LocalStack doesn't support this Python."""


class KeptStateError(EmulatorError):
    """The kept state can't be used, or state could not be kept."""


class PortInUseError(EmulatorError):
    """The requested port is in use by another program."""

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
    """LocalStack did not start, or no longer runs."""


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn an OSError into HomeError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise HomeError(
            f"can't write to {folder}: {reason[:1].lower()}{reason[1:]};"
            " free some space, or choose another folder"
        ) from error
