"""Ctrl-C, SIGTERM or SIGHUP ends every command within two seconds, whatever it waits for.

They raise an exception where the main thread is, and what is left there is put in order: messages
are given back, a plan is discarded. All of that are calls, and an endpoint that hangs answers none
of them; nor is a look-up of a name interrupted at all. So a thread of its own, which the signal
wakes before Python's own handling, sees to the end.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from tweetpipe.aws.errors import INTERRUPTED

WITHIN = 1.5
"""Seconds for what a command still has to put in order."""

must_finish = threading.Lock()
"""Held by what keeps to the time by itself, and would lose something if it were cut off."""
_LAST_WORDS = 1.0
"""Seconds to say, after that, what it came to and where the rest is."""

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_came: list[int] = []
"""The signals for which an exception was raised."""


@contextmanager
def ending_in_time(
    *, within: float = WITHIN, end: Callable[[], object] | None = None
) -> Iterator[threading.Event]:
    """Calls `end` when the block still runs so many seconds after the first of the signals.

    The event says that there was a SIGINT; it is certain only once the block has been left. If
    there was a signal, further ones are ignored from then on: nothing may cut off the way out.
    Outside the main thread, which alone has signals, nothing happens.
    """
    interrupted, over = threading.Event(), threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    woken, waker = socket.socketpair()
    waker.setblocking(False)

    is_ending = False

    def watch() -> None:
        nonlocal is_ending
        while number := woken.recv(1):
            if number[0] == signal.SIGINT:
                interrupted.set()
            if number[0] in _ENDING and not is_ending:
                is_ending = True
                if not over.wait(within):
                    has_words = must_finish.locked()
                    with must_finish:
                        if not over.wait(_LAST_WORDS if has_words else 0.0):
                            end() if end else _end(number[0])

    watcher = threading.Thread(target=watch, name="interrupt", daemon=True)
    watcher.start()
    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        # Not those that are ignored: under nohup, a terminal that is closed ends nothing.
        if handler in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _leave)
    woken_before = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    unraisable_before = sys.unraisablehook

    def raise_again(lost: sys.UnraisableHookArgs) -> None:
        """Python drops what is raised in a destructor, with a traceback: it ends nothing there."""
        if _came and isinstance(lost.exc_value, (KeyboardInterrupt, SystemExit)):
            main = threading.main_thread().ident
            # From another thread and a moment later, when the destructor is over.
            again = threading.Timer(0.05, signal.pthread_kill, (main, _came[0]))
            again.daemon = True
            again.start()
        else:
            unraisable_before(lost)

    sys.unraisablehook = raise_again
    try:
        yield interrupted
    finally:
        sys.unraisablehook = unraisable_before
        signal.set_wakeup_fd(woken_before)
        over.set()
        waker.close()
        watcher.join()
        woken.close()
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if is_ending else handler)
        _came.clear()


@contextmanager
def asking_to_stop() -> Iterator[threading.Event]:
    """The first of the signals sets the event and raises nothing; further ones change nothing.

    Nor do they once the block is left: what was asked to stop has still to say what it came to.
    """
    stop = threading.Event()
    signals = itertools.count()

    def ask(_number: int, _frame: object) -> None:
        # Setting it twice would block for ever if the second came in the middle of the first.
        if next(signals) == 0:
            stop.set()

    before = {
        number: signal.signal(number, ask)
        for number in _ENDING
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        if _came:
            # What it raised was lost, as in a destructor.
            _leave(_came[0], None)
        yield stop
    finally:
        if not stop.is_set():
            for number, handler in before.items():
                signal.signal(number, handler)


def _leave(number: int, _frame: object) -> NoReturn:
    _came.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def _end(number: int) -> NoReturn:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), b"\x1b[?25h")  # a progress bar hides the cursor
    os._exit(INTERRUPTED if number == signal.SIGINT else 128 + number)
