"""Finds a LocalStack other than the user's own at the default port."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

from . import answering, ports

_PATIENCE = 1.0  # seconds


def neighbor_at_default_port() -> str | None:
    """The LocalStack at the default port and whose it is, "LocalStack 4.9.2 of FOLDER", or None."""
    port = ports.DEFAULT_PORT
    if ports.is_free(port):
        return None
    version = answering.version_at(port, timeout=_PATIENCE, on_wait=lambda: None)
    return f"LocalStack {version}{_whose(port)}" if version else None


def _whose(port: int) -> str:
    """The folder of an embedded LocalStack, or the program of another, if it can be known."""
    with suppress(psutil.Error, OSError):
        process = ports.listening_process(port)
        if process is None:
            return ""
        if "localstack.runtime.main" in process.cmdline():
            return f" of {Path(process.cwd()).parent}"
        return f" ({process.name()}, process {process.pid})"
    return ""
