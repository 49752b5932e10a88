"""Finds the files that names, folders and patterns refer to."""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from producer.errors import SettingsError
from producer.files.unreadable import cannot_read, check_path
from producer.outgoing import STDIN
from producer.undelivered import Identity, identity, of_earlier_runs

_OURS = re.compile(r"(.+)\.position(\.\d+\.new)?", re.DOTALL)
"""A saved position, and one that was being written when its run was killed."""


@dataclass(kw_only=True)
class Listed:
    """The files in sending order, and further names of the same files."""

    files: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)


def listed(names: Sequence[str], *, undelivered: Path) -> Listed:
    """Every file once: named files as given, those of folders and patterns in name order.

    A folder includes its subfolders. Folders and patterns leave out hidden files, saved positions,
    and files of undelivered records; name an undelivered file to send it.

    Raises SettingsError for a name that matches nothing, SourceError for a file that can't be read.
    """
    found = Listed()
    known: set[Identity] = set()
    aside = of_earlier_runs(undelivered)
    for name in names:
        stands_for = _meant_by(name, aside)
        if not stands_for and not _is_position(name):
            what = (
                f"{name} has no files to send. Hidden files and files of undelivered records are "
                "left out; to send one, name the file itself"
                if os.path.isdir(name)
                else f"no file matches {name}. {check_path(name)}"
            )
            raise SettingsError(what)
        for file in stands_for:
            if file == STDIN and STDIN in found.files:
                raise SettingsError("- is given twice, and standard input can be read only once.")
            who = None if file == STDIN else _identity(file)
            if who in known:
                found.twice.append(file)
                continue
            found.files.append(file)
            if who:
                known.add(who)
    if not found.files:
        raise SettingsError(
            f"{names[0]} only saves how far a file was sent. Name that file of events instead"
        )
    return found


def _meant_by(name: str, aside: set[Identity]) -> list[str]:
    if name == STDIN:
        return [name]
    if os.path.isdir(name):
        return _in_order(_below(name), aside)
    if os.path.lexists(name) or not glob.has_magic(name):
        return [] if _is_position(name) else [name]
    # For a missing folder, ** matches the folder itself.
    matches = [match for match in glob.glob(name, recursive=True) if os.path.lexists(match)]
    below = (file for match in matches if os.path.isdir(match) for file in _below(match))
    return _in_order([*below, *(match for match in matches if not os.path.isdir(match))], aside)


def _is_position(name: str) -> bool:
    """Whether it is next to the file that it belongs to; a shell pattern matches both."""
    ours = _OURS.fullmatch(name)
    return ours is not None and os.path.isfile(ours[1])


def _below(folder: str) -> Iterator[str]:
    """The files in a folder and its subfolders; each folder is visited once."""

    def fail(error: OSError) -> NoReturn:
        raise cannot_read(error.filename, error) from error

    known = {_identity(folder)}
    for path, folders, files in os.walk(folder, onerror=fail, followlinks=True):
        new = {sub: _identity(os.path.join(path, sub)) for sub in folders if _is_visible(sub)}
        folders[:] = [sub for sub, who in new.items() if who not in known]
        known.update(new.values())
        yield from (os.path.join(path, file) for file in files)


def _in_order(files: Iterable[str], aside: set[Identity]) -> list[str]:
    chosen = {file.removeprefix("./") for file in files if _is_visible(os.path.basename(file))}
    return sorted(
        (
            file
            for file in chosen
            if not _OURS.fullmatch(file) and _is_file(file) and _identity(file) not in aside
        ),
        key=lambda file: Path(file).parts,
    )


def _is_visible(name: str) -> bool:
    return not name.startswith(".")


def _is_file(path: str) -> bool:
    """False for pipes and devices; true for a broken link, so that it is reported."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError as error:
        return error.errno != errno.ELOOP  # a pattern that goes round in a circle of links


def _identity(path: str) -> Identity:
    try:
        return identity(os.stat(path))
    except OSError as error:
        raise cannot_read(path, error) from error
