"""Lets only one process on this machine read an app's stream: X allows one connection."""

from __future__ import annotations

import fcntl
import os
import tempfile
import weakref
from pathlib import Path

from producer.errors import SettingsError


class Alone:
    """Take the app's lock, held until it is released or the process ends.

    Raises SettingsError if another process holds it.
    """

    def __init__(self, app: str, *, folder: Path | None = None) -> None:
        where = folder or Path(tempfile.gettempdir())
        path = where / f"tweetpipe-x-{os.getuid()}-{app}.lock"
        try:
            # Don't follow a link that another user may have put in its place.
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError(
                f"cannot open {path}, which lets only one run read an app's posts: "
                f"{error.strerror}. Delete it, then run the command again"
            ) from error
        self._closing = weakref.finalize(self, os.close, file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            who = os.pread(file, 20, 0).decode(errors="replace").strip()
            self.release()
            named = f" (process {who})" if who.isdecimal() else ""
            raise SettingsError(
                f"another run on this machine already reads this app's posts{named}, and X allows "
                "one connection for each app. Stop that run first, or use another app"
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Let another run read."""
        self._closing()
