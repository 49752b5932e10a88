"""Locks that one process at a time can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import writing_to
from .ownership import require_own


@contextmanager
def held(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file; `on_wait` is called if another process holds it.

    The lock ends with the process that holds it. Raises HomeError, also if the lock's folder is not
    the user's own.
    """
    lock = FileLock(path, mode=0o600)
    with writing_to(path.parent):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_own(path.parent)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_wait()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()
