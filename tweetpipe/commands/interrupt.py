"""Makes Ctrl-C, SIGTERM, and SIGHUP end every command within two seconds, whatever it waits for.

The signal raises an exception in the main thread, which then cleans up: it returns messages to the
queue, or discards a plan. Cleaning up makes calls, which never return if the endpoint hangs, and a
DNS lookup can't be interrupted at all. So a separate thread, which the signal wakes before Python
handles it, ends the process in time.
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
from types import FrameType
from typing import NoReturn

from tweetpipe.aws.errors import INTERRUPTED

WITHIN = 1.5
"""Seconds that a command has to clean up."""

must_finish = threading.Lock()
"""Held by code that stops in time on its own, and would lose data if it were cut off."""
_LAST_WORDS = 1.0
"""Seconds after that to report the outcome."""

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_came: list[int] = []
"""The signals that have raised an exception."""


@contextmanager
def ending_in_time(
    *, within: float = WITHIN, end: Callable[[], object] | None = None
) -> Iterator[list[int]]:
    """Calls `end` if the block is still running `within` seconds after the first signal.

    After the block, the list begins with the signal that interrupted it, if any. Once there was
    one, signals are then ignored so that nothing interrupts the exit. Does nothing outside the main
    thread, the only one that receives signals.
    """
    ended_by: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield ended_by
        return
    over = threading.Event()
    woken, waker = socket.socketpair()
    waker.setblocking(False)

    is_ending = False

    def watch() -> None:
        nonlocal is_ending
        while number := woken.recv(1):
            if number[0] == signal.SIGINT:
                ended_by.append(signal.SIGINT)
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
        # Ignored signals stay ignored: under nohup, closing the terminal must not end the command.
        if handler in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _leave)
    woken_before = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    unraisable_before = sys.unraisablehook

    def raise_again(lost: sys.UnraisableHookArgs) -> None:
        """Python prints and drops an exception raised in a destructor, so raise it again."""
        if _came and isinstance(lost.exc_value, KeyboardInterrupt):
            _send_later(_came[0])
        elif not _came:
            # After a signal, it only says that a constructor was cut off halfway.
            unraisable_before(lost)

    sys.unraisablehook = raise_again
    try:
        yield ended_by
    finally:
        sys.unraisablehook = unraisable_before
        signal.set_wakeup_fd(woken_before)
        over.set()
        waker.close()
        watcher.join()
        woken.close()
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if is_ending else handler)
        ended_by[:0] = _came
        _came.clear()


@contextmanager
def asking_to_stop() -> Iterator[threading.Event]:
    """The first signal sets the event and raises nothing; later ones have no effect.

    That still holds after the block, because the command has yet to report its outcome.
    """
    stop = threading.Event()
    signals = itertools.count()

    def ask(_number: int, _frame: object) -> None:
        # A second call that interrupted the first one would deadlock.
        if next(signals) == 0:
            stop.set()

    before = {
        number: signal.signal(number, ask)
        for number in _ENDING
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        if _came:
            # The exception that it raised was lost, as in a destructor.
            _leave(_came[0], None)
        yield stop
    finally:
        if not stop.is_set():
            for number, handler in before.items():
                signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    while frame:
        # Its C code prints an exception raised in a callback, and raises another one instead.
        if frame.f_globals.get("__name__", "").startswith("awscrt."):
            return _send_later(number)
        frame = frame.f_back
    _came.append(number)
    # For every signal, because a SystemExit could also come from a user's own code.
    raise KeyboardInterrupt


def _send_later(number: int) -> None:
    """Send the main thread the signal once it is elsewhere, such as after a destructor."""
    main = threading.main_thread().ident
    again = threading.Timer(0.05, signal.pthread_kill, (main, number))
    again.daemon = True
    again.start()


def _end(number: int) -> NoReturn:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), b"\x1b[?25h")  # a progress bar hides the cursor
    os._exit(INTERRUPTED if number == signal.SIGINT else 128 + number)
