"""What is known about the instance of a home: the file that `start` leaves for `stop`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil

STATE_FILE = "instance.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """An instance: its process by id and creation time, since ids are used again, and its port.

    The version is None until it is up.
    """

    pid: int
    created: float
    port: int
    version: str | None = None

    @classmethod
    def of(cls, pid: int, port: int) -> Self:
        """The record of a process that was just started."""
        return cls(pid=pid, created=psutil.Process(pid).create_time(), port=port)

    def process(self) -> psutil.Process | None:
        """The process, None when it has ended."""
        try:
            process = psutil.Process(self.pid)
            alive = process.status() != psutil.STATUS_ZOMBIE
            # Seconds with decimals that the system's clock may shift by a little.
            same = abs(process.create_time() - self.created) < 1
        except psutil.NoSuchProcess:
            return None
        return process if alive and same else None


def read(home: Path) -> Record | None:
    """The home's record, None when there is none that can be read."""
    try:
        return Record(**json.loads((home / STATE_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write(home: Path, record: Record) -> None:
    """Keep the record, in one step."""
    temporary = home / f"{STATE_FILE}.new"
    temporary.write_text(json.dumps(asdict(record)))
    temporary.replace(home / STATE_FILE)


def remove(home: Path) -> None:
    """Forget the record."""
    (home / STATE_FILE).unlink(missing_ok=True)
