"""The error for a file that can't be opened, with what to check."""

from __future__ import annotations

import errno
from pathlib import Path

from producer.errors import SourceError


def cannot_read(path: str | Path, error: OSError) -> SourceError:
    """The error for a file that can't be opened, with what to check."""
    failed = SourceError(f"cannot read {path or repr(path)}: {error.strerror}")
    failed.advice = "Make sure that it can be read"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        failed.advice = check_path(path)
    elif error.errno in (errno.EACCES, errno.EPERM):
        failed.advice = "Give yourself permission to read it"
    return failed


def check_path(path: str | Path) -> str:
    """Advice about a path that leads nowhere."""
    if Path(path).is_absolute():
        return "Check the path"
    try:
        return f"Check the path, which is relative to {Path.cwd()}"
    except FileNotFoundError:
        return "Change to another folder, because the current one was deleted"
