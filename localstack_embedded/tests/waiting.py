"""Waiting for a condition rather than for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

T = TypeVar("T")


def wait_for(condition: Callable[[], T], what: str, *, seconds: float = 60) -> T:
    """The first true value of the condition; fails after `seconds` without one."""
    deadline = time.monotonic() + seconds
    # Check often at first, then less often.
    pause = 0.001
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
    return value


def is_gone(pid: int) -> bool:
    """Whether the process has ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
