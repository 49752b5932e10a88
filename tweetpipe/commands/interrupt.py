"""Ctrl-C ends every command within two seconds, whatever it waits for.

Python raises KeyboardInterrupt where the main thread is, and what is left there is put in order:
messages are given back, a plan is discarded. All of that are calls, and an endpoint that hangs
answers none of them; nor is a look-up of a name interrupted at all. So a thread of its own, which
the signal wakes before Python's own handling, sees to the end.
"""

from __future__ import annotations

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


def _end() -> NoReturn:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), b"\x1b[?25h")  # a progress bar hides the cursor
    os._exit(INTERRUPTED)


@contextmanager
def ending_in_time(
    *, within: float = WITHIN, end: Callable[[], object] = _end
) -> Iterator[threading.Event]:
    """Calls `end` when the block still runs so many seconds after SIGINT; the event says it came.

    The event is certain only once the block has been left. Outside the main thread, which alone
    has signals, nothing happens.
    """
    interrupted, over = threading.Event(), threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    woken, waker = socket.socketpair()
    waker.setblocking(False)

    def watch() -> None:
        while number := woken.recv(1):
            if number[0] == signal.SIGINT and not interrupted.is_set():
                interrupted.set()
                if not over.wait(within):
                    has_words = must_finish.locked()
                    with must_finish:
                        if not over.wait(_LAST_WORDS if has_words else 0.0):
                            end()

    watcher = threading.Thread(target=watch, name="interrupt", daemon=True)
    watcher.start()
    before = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    try:
        yield interrupted
    finally:
        signal.set_wakeup_fd(before)
        over.set()
        waker.close()
        watcher.join()
        woken.close()
