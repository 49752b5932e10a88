"""A LocalStack that runs but does not answer, and what to do about it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

from . import answering, state
from .instance import Instance
from .restarting import up_of
from .suggested import command, shell_command

PATIENCE = 2.0
"""Seconds to wait for an answer; one takes milliseconds unless this machine is busy."""


def of(home: Path, instance: Instance, *, patience: float = PATIENCE) -> str | None:
    """Why the home's LocalStack does not answer, and what to do; None if it does within `patience`.

    One that is still starting is not asked.
    """
    if instance.version is None:
        return None
    pid = instance.pid
    if not _is_suspended(pid) and answering.version_at(
        instance.port, timeout=patience, on_wait=lambda: None
    ):
        return None
    runs = f"LocalStack {instance.version} runs at {instance.endpoint}"
    if _is_suspended(pid):
        resume = shell_command("kill", "-CONT", str(pid))
        return f"{runs}, but is suspended. To resume it, run:{resume}"
    record = state.read(home)
    again = up_of(home, record).command(home) if record else ""
    loss = "" if instance.is_kept else ", which deletes everything deployed so far"
    return (
        f"{runs}, but does not answer. It may be busy. If it does not answer later either, restart"
        f" it{loss}:{command('down', home)}{again}"
    )


def _is_suspended(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    return False
