"""Messages about the state that a home keeps for the next LocalStack.

LocalStack itself writes and reads the folder: see plugin/keeping.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .environment import OnStep
from .errors import KeptStateError
from .plugin.keeping.folder import MANIFEST
from .plugin.kept import REFUSED


def folder(home: Path) -> Path:
    """The folder of the kept state."""
    return home / "kept"


def say_before(home: Path, keep: bool, on_step: OnStep) -> None:
    """Say what happens to the kept state when LocalStack starts."""
    note = _note(home)
    if note is None:
        return
    if not keep:
        on_step(
            f"What an earlier LocalStack kept in {folder(home)} stays there, but isn't used now."
            " To restore it, start with --keep. To discard it, delete that folder"
        )
    elif not note.get("is_clean"):
        on_step(
            "The last LocalStack here was killed, or could not save its whole state:"
            " what came at its end may be missing"
        )


def say_after(home: Path, on_step: OnStep, log: Path) -> None:
    """After LocalStack has ended, say where its state is; raises KeptStateError if incomplete."""
    note = _note(home) or {}
    if not note.get("is_clean"):
        raise KeptStateError(
            f"LocalStack has stopped, and could not save its whole state in {folder(home)}:"
            f" {log} says why. What was kept before that is there: start it with --keep"
        )
    on_step(
        f"Its state is kept in {folder(home)}. To restore it, start with --keep. To discard it,"
        " delete that folder"
    )


def raise_if_refused(log: Path) -> None:
    """Raise KeptStateError if the log says that LocalStack can't start with the kept state."""
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith(REFUSED):
            raise KeptStateError(line.removeprefix(REFUSED))


def _note(home: Path) -> dict[str, Any] | None:
    """LocalStack's latest note; None if no state was ever kept."""
    try:
        text = (folder(home) / MANIFEST).read_text()
        note: dict[str, Any] = json.loads(text.partition("\n")[2])["note"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return note
