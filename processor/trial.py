"""Reads records in a child process first, to find those that would crash this one.

After a crash, Lambda knows only that the function died. It would resend the record until it
expires, while all records after it in its shard wait.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

_SHARE = 2 / 3  # of the time; the rest is left for the work itself
_TRIES = 2  # a child may also be killed from outside
# Ctrl-C at a terminal, and a host's shutdown: these come from outside, never from a record.
_OUTSIDE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Trial:
    """Items before `end` were tried; `fatal` says, by index, how some end the reader."""

    end: int
    fatal: Mapping[int, str] = field(default_factory=dict)


def try_out(
    items: Sequence[T], read: Callable[[T], object], *, example: T, seconds: float
) -> Trial:
    """Read the items in child processes, for a part of these seconds; exceptions are harmless.

    An item that ends two children, or takes a third of that time in each, is fatal. If `example`
    does too, or no child can be started, nothing is known about any item, and all count as tried.
    """
    deadline = time.monotonic() + seconds * _SHARE
    limit = seconds * _SHARE / (_TRIES + 1)
    fatal: dict[int, str] = {}
    start = deaths = 0
    while start < len(items):
        left = deadline - time.monotonic()
        if left <= 0:
            return Trial(start, fatal)
        try:
            done, death = _read_in_child([example, *items[start:]], read, limit, left)
        except OSError:
            done = 0
        if not done:
            return Trial(len(items), fatal)
        if done > 1:
            start, deaths = start + done - 1, 0
        deaths += bool(death)
        if deaths == _TRIES:
            fatal[start] = death
            start, deaths = start + 1, 0
    return Trial(start, fatal)


class _End(NamedTuple):
    """How many items a child has read, and how it died; empty if it did not."""

    done: int
    death: str


def _read_in_child(
    items: Sequence[T], read: Callable[[T], object], limit: float, seconds: float
) -> _End:
    receiver, sender = os.pipe()
    with warnings.catch_warnings():
        # Python warns since 3.12 that the child has none of this process's threads. It needs none.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            pid = os.fork()
        except OSError:
            os.close(receiver)
            os.close(sender)
            raise
    if not pid:
        _read_and_exit(items, read, limit, sender)
    os.close(sender)
    done, is_over = 0, False
    deadline = time.monotonic() + seconds
    while not is_over and select.select([receiver], [], [], max(0, deadline - time.monotonic()))[0]:
        news = os.read(receiver, 65_536)
        done, is_over = done + len(news), not news
    os.close(receiver)
    if not is_over:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not is_over or code == 0 or -code in _OUTSIDE:
        return _End(done, "")
    if code == -signal.SIGALRM:
        return _End(done, f"reading it takes longer than {limit:.0f} s")
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return _End(done, f"reading it ends the function ({how})")


def _read_and_exit(
    items: Sequence[T], read: Callable[[T], object], limit: float, sender: int
) -> NoReturn:
    """In the child: report each item read."""
    code = 1
    try:
        # Garbage collection would copy all inherited memory, and memory may be short.
        gc.freeze()
        for number in (signal.SIGALRM, *_OUTSIDE):
            signal.signal(number, signal.SIG_DFL)
        for item in items:
            signal.setitimer(signal.ITIMER_REAL, limit)
            with suppress(Exception):
                read(item)
            os.write(sender, b".")
        code = 0
    finally:
        os._exit(code)
