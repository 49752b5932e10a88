"""Messages about the state that a home keeps for the next LocalStack.

LocalStack itself writes and reads the folder: see plugin/keeping.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil

from .environment import OnStep
from .errors import KeptStateError, home_error
from .plugin.keeping.folder import MANIFEST, document_of, unusable
from .plugin.kept import IN_USE, KEPT_FOLDER, REFUSED, REFUSED_BY_SYSTEM
from .suggested import Up, command, home_setting, shell_command


def folder(home: Path) -> Path:
    """The folder of the saved state."""
    return home / "kept"


def is_there(home: Path) -> bool:
    """Whether any state is saved."""
    return os.path.exists(folder(home) / MANIFEST)


def how_to_start(home: Path) -> str:
    """The commands that start LocalStack in this home."""
    if not is_there(home):
        return f"To start it, run:{Up().command(home)}"
    return (
        f"To start it with the state saved in {folder(home)}, run:{Up(keep=True).command(home)}"
        f"\nTo start it empty, run:{Up().command(home)}"
    )


def say_before(home: Path, wanted: Up, on_step: OnStep) -> None:
    """Say what happens to the saved state when LocalStack starts; raises KeptStateError."""
    if not is_there(home):
        return
    if not wanted.keep:
        on_step(
            f"This LocalStack starts empty. The state saved in {folder(home)} is not loaded. To"
            f" load it, start with --keep:{command('down', home)}{_load(home, wanted)}"
            f"\n{_how_to_delete(home)}"
        )
    elif not is_clean(home, wanted):
        on_step(
            "The last LocalStack here was killed, or could not save its whole state:"
            " the latest changes may be missing"
        )


def say_after(home: Path, ran: Up, on_step: OnStep, *, log: Path, was_running: bool) -> None:
    """After LocalStack has ended, say where its state is; raises KeptStateError if incomplete."""
    load = f"To load it, start with --keep:{_load(home, ran)}"
    if not is_there(home):
        what = "LocalStack has stopped" if was_running else "LocalStack had already stopped"
        raise KeptStateError(
            f"{what}, and its state was not saved: {log} may say why."
            f" To start it again, run:{ran.command(home)}"
        )
    try:
        all_saved = is_clean(home, ran)
    except KeptStateError as error:
        raise KeptStateError(f"LocalStack has stopped. {error}") from error
    if all_saved:
        on_step(f"The state is saved in {folder(home)}. {load}\n{_how_to_delete(home)}")
    elif was_running:
        raise KeptStateError(
            f"LocalStack has stopped, and could not save its whole state in {folder(home)}:"
            f" {log} says why. The state saved before that is still there. {load}"
        )
    else:
        raise KeptStateError(
            f"LocalStack had already stopped unexpectedly. The state is saved in {folder(home)},"
            f" but the latest changes may be missing. {load}"
        )


def raise_if_refused(home: Path, wanted: Up, log: Path) -> None:
    """Raise KeptStateError if the log says that LocalStack can't start with the saved state.

    Raises HomeError if the system refused to read or write it.
    """
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith(REFUSED_BY_SYSTEM):
            number, _, what = line.removeprefix(REFUSED_BY_SYSTEM).partition(" ")
            raise home_error(folder(home), OSError(int(number), what))
        if line.startswith(IN_USE):
            raise KeptStateError(
                f"Another LocalStack uses the state saved in {folder(home)}. Choose another folder"
                f" with {home_setting()}, or stop that one{_stop_the_other(home, wanted)}"
            )
        if line.startswith(REFUSED):
            raise _unusable(home, wanted, line.removeprefix(REFUSED))


def _stop_the_other(home: Path, wanted: Up) -> str:
    """The commands that stop the LocalStack that uses the state, and start the wanted one."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # another user's, or one that has ended
            if process.environ().get(KEPT_FOLDER) == str(folder(home)):
                return f":{shell_command('kill', str(process.pid))}{wanted.command(home)}"
    return ""


def is_clean(home: Path, wanted: Up) -> bool:
    """Whether LocalStack saved everything before it ended; raises KeptStateError if damaged."""
    path = folder(home) / MANIFEST
    try:
        note = document_of(path.read_text())["note"] or {}
        return bool(note.get("is_clean"))
    except OSError as error:
        why = f"{path} can't be read ({error.strerror})"
        raise _unusable(home, wanted, unusable(folder(home), why)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{path} is damaged"
        raise _unusable(home, wanted, unusable(folder(home), why)) from error


def _unusable(home: Path, wanted: Up, what: str) -> KeptStateError:
    empty = replace(wanted, keep=False).command(home)
    return KeptStateError(
        f"{what}. To start empty and leave it there, run:{empty}\nTo delete it and start empty,"
        f" run:{_delete(home)}{_load(home, wanted)}"
    )


def _load(home: Path, wanted: Up) -> str:
    return replace(wanted, keep=True).command(home)


def _how_to_delete(home: Path) -> str:
    return f"To delete it, run:{_delete(home)}"


def _delete(home: Path) -> str:
    return shell_command("rm", "-r", folder(home))
