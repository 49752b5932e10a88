"""What a process prints, collected through a pipe."""

from __future__ import annotations

import os
import selectors
from threading import Lock, Thread


class Output:
    """The reading side of a pipe; `write_end` goes to the process, then to `close_write_end`."""

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
        """Everything printed until now that was not taken before.

        That is certain for what was printed before something else heard of the process, since
        this reads the pipe itself and does not wait for the collecting thread to get round to it.
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
        """Read what is there; False at the end, when nobody can write any more."""
        try:
            while chunk := os.read(self._read_end, 2**16):
                self._chunks.append(chunk)
        except BlockingIOError:
            return True
        return False

    def __del__(self) -> None:
        os.close(self._read_end)
