"""The record of a home's instance: the file that `start` leaves for `stop`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil

from .ownership import new_private_file

STATE_FILE = "instance.json"


@dataclass(frozen=True, kw_only=True)
class InstanceRecord:
    """An instance: its port, and its process by ID and start, since IDs are reused.

    `version` is None until LocalStack answers.
    """

    pid: int
    started: str
    port: int
    version: str | None = None
    has_shard_limits: bool = False
    is_kept: bool = False

    def __post_init__(self) -> None:
        """Raises TypeError for values that no instance has, as a damaged file may have."""
        for number, end in ((self.pid, 2**31), (self.port, 2**16)):
            if type(number) is not int or not 0 < number < end:
                raise TypeError(f"pid or port: {number!r}")
        if not isinstance(self.started, str):
            raise TypeError(f"started: {self.started!r}")

    @classmethod
    def of(
        cls, pid: int, port: int, *, has_shard_limits: bool = False, is_kept: bool = False
    ) -> Self:
        """The record of a process that was just started."""
        return cls(
            pid=pid,
            started=_started(psutil.Process(pid)),
            port=port,
            has_shard_limits=has_shard_limits,
            is_kept=is_kept,
        )

    def process(self) -> psutil.Process | None:
        """The process, or None if it has ended."""
        try:
            process = psutil.Process(self.pid)
            alive = process.status() != psutil.STATUS_ZOMBIE
            same = _started(process) == self.started
        except psutil.NoSuchProcess:
            return None
        return process if alive and same else None


def _started(process: psutil.Process) -> str:
    """When the process started, in a form that doesn't change when the system clock is set.

    psutil's creation time follows the clock. What psutil compares processes by does not, but may
    repeat after a reboot.
    """
    if sys.platform != "linux":
        return str(hash(process))
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text(errors="replace")
    except OSError as error:
        raise psutil.NoSuchProcess(process.pid) from error
    # The fields from the third on follow the program's name, which may hold anything; this is the
    # 22nd: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    ticks = stat.rpartition(")")[2].split()[19]
    return f"{ticks} of {_boot_id()}"


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "an unknown boot"  # some sandboxes have none


def read(home: Path) -> InstanceRecord | None:
    """The home's record, or None if there is none that can be read."""
    try:
        return InstanceRecord(**json.loads((home / STATE_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write(home: Path, record: InstanceRecord) -> None:
    """Write the record, in one step."""
    temporary = home / f"{STATE_FILE}.new"
    with new_private_file(temporary) as file:
        file.write(json.dumps(asdict(record)).encode())
    temporary.replace(home / STATE_FILE)


def remove(home: Path) -> None:
    """Delete the record."""
    (home / STATE_FILE).unlink(missing_ok=True)
