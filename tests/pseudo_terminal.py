"""Runs a command in a pseudo-terminal, as a user would see it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.waiting import wait_for

HOME = "\x1b[H"  # a screen is drawn from there on
_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|.)")

# The terminal must control the command's session, or Ctrl-C and resizing have no effect.
_ENTER = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class PseudoTerminal:
    """A terminal with a command in it; its output is read continuously."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int,
        rows: int,
        environ: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._master, self._slave = pty.openpty()
        self.settings = termios.tcgetattr(self._slave)
        self._output = bytearray()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ENTER, *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            env={**environ, "TERM": "xterm-256color"},
            cwd=folder,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self._slave >= 0:
            self.read_all()
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                # Linux reports this when the other end is closed.
                return
            if not data:
                return
            self._output += data

    def resize(self, columns: int, rows: int) -> None:
        """Resize the terminal; the kernel notifies the command."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def read_all(self) -> None:
        """After the command has ended, wait until its last output is read."""
        os.close(self._slave)
        self._reader.join(60)
        self._slave = -1

    @property
    def output(self) -> str:
        """All output, including escape sequences."""
        return bytes(self._output).decode(errors="replace")

    @property
    def screen(self) -> list[str]:
        """The lines of the last complete screen, without colors."""
        frames = self.output.split(HOME)
        return _ESCAPE.sub("", frames[-2]).replace("\r", "").split("\n") if frames[2:] else []

    def wait_for_text(self, text: str) -> list[str]:
        """The first complete screen with the text."""

        def look() -> list[str]:
            screen = self.screen
            return screen if any(text in line for line in screen) else []

        return wait_for(look, f"{text!r} on the screen")

    def ends(self) -> int:
        """The exit code, once it has ended."""
        return self.process.wait(60)

    def is_as_before(self) -> bool:
        """Whether the terminal's settings are the initial ones."""
        return termios.tcgetattr(self._slave) == self.settings
