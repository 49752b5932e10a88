"""Collects a process's output through a pipe."""

from __future__ import annotations

import os
import selectors
from threading import Lock, Thread


class Output:
    """The read end of a pipe; give `write_end` to the process, then call `close_write_end`."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._chunks: list[bytes] = []
        self._lock = Lock()

    def close_write_end(self) -> None:
        """Start collecting, now that only the process can write."""
        os.close(self.write_end)
        Thread(target=self._collect, name="function-output", daemon=True).start()

    def take(self) -> str:
        """Everything printed since the last call.

        This reads the pipe itself instead of waiting for the collecting thread, so it includes all
        output that the process printed before it reported something in another way.
        """
        with self._lock:
            self._drain()
            content = b"".join(self._chunks)
            self._chunks.clear()
        return content.decode(errors="replace")

    def _collect(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._read_end, selectors.EVENT_READ)
            more = True
            while more:
                selector.select()
                with self._lock:
                    more = self._drain()

    def _drain(self) -> bool:
        """Read what is available; False at the end, when no process can write anymore."""
        try:
            while chunk := os.read(self._read_end, 2**16):
                self._chunks.append(chunk)
        except BlockingIOError:
            return True
        return False

    def __del__(self) -> None:
        os.close(self._read_end)
