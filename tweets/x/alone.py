"""One process of this machine reads the stream of an app: X allows one connection."""

from __future__ import annotations

import fcntl
import os
import tempfile
import weakref
from pathlib import Path

from producer.errors import SettingsError


class Alone:
    """A lock for the app, until it is released or nobody has it any more.

    Raises SettingsError while another process has it.
    """

    def __init__(self, app: str, *, folder: Path | None = None) -> None:
        where = folder or Path(tempfile.gettempdir())
        path = where / f"tweetpipe-x-{os.getuid()}-{app}.lock"
        try:
            # Nobody else on the machine may have put a link in its place.
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError(f"cannot open {path}: {error.strerror}") from error
        self._closing = weakref.finalize(self, os.close, file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            who = os.pread(file, 20, 0).decode(errors="replace").strip()
            self.release()
            named = f" (process {who})" if who.isdecimal() else ""
            raise SettingsError(
                f"this app's posts are being read on this machine already{named}, and X allows an "
                "app one connection: end that run first, or use another app"
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Let another run read."""
        self._closing()
