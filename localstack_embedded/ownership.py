"""Whether a home is the user's own: what lies there is run as the user."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from .errors import HomeError

_CODE = Path(__file__).resolve()
_WRITTEN = ("localstack", "functions")  # what is run


def require_own(home: Path) -> None:
    """Raise HomeError where anybody but the user and root can have changed the home, or still can.

    Also by a link on the way to it, or by a folder above it.
    """
    for link in (path for path in (home, *home.parents) if path.is_symlink()):
        _require_trusted_owner(link, link.lstat())
    folder = home.resolve()
    for path in (folder, *(folder / name for name in _WRITTEN)):
        with suppress(FileNotFoundError):
            _require_trusted_owner(path, path.lstat())
            _require_own_folder(path, path.stat())
    # Whoever can change a folder above this code can have anything run in any case.
    for path in (path for path in folder.parents if path not in _CODE.parents):
        with suppress(FileNotFoundError):
            found = path.stat()
            if not found.st_mode & stat.S_ISVTX:  # where one removes only what is one's own
                _require_own_folder(path, found)


def _require_own_folder(path: Path, found: os.stat_result) -> None:
    _require_trusted_owner(path, found)
    by_group = found.st_mode & stat.S_IWGRP and not _is_users_own_group(found.st_gid)
    if by_group or found.st_mode & stat.S_IWOTH:
        raise HomeError(
            f"other users can write to {path}, and what lies there would run as you;"
            " give another folder, or, if you know that they have not: chmod go-w"
        )


def _require_trusted_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid not in _trusted_users():
        raise HomeError(
            f"{path} belongs to {_name_of(found.st_uid)}, and what lies there would run as you;"
            " give another folder"
        )


def _trusted_users() -> set[int]:
    return {0, os.geteuid()}


def _name_of(user: int) -> str:
    try:
        return f"the user {pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"the user with the id {user}"


def _is_users_own_group(group: int) -> bool:
    """Whether nobody else is in it: many systems give each user a group of the same name."""
    try:
        found, user = grp.getgrgid(group), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return (
        group == user.pw_gid and found.gr_name == user.pw_name and {*found.gr_mem} <= {user.pw_name}
    )
