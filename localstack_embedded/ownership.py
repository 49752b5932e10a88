"""Checks that a home is the user's own, since its files run as the user; makes private files."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from .errors import HomeError, writing_to
from .suggested import home_setting, shell_command

_PROJECT = Path(__file__).resolve().parents[1]
_RUN = ("localstack", "functions", "kept")


def is_there(home: Path) -> bool:
    """Whether the home exists; raises HomeError if it can't be used, or isn't the user's own."""
    home = home.absolute()
    with writing_to(home):
        try:
            is_folder = stat.S_ISDIR(home.stat().st_mode)
        except FileNotFoundError:
            return False
        if not is_folder:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    require_own(home)
    return True


def require_own(home: Path) -> None:
    """Raise HomeError if other users, except root, can change the home, or could have.

    This includes changing a link on the way to it, or a folder above it.
    """
    with writing_to(home):
        _require_own(home)


def _require_own(home: Path) -> None:
    folder = home.resolve()
    # Users who can change this code can run anything in any case. A project on a file system
    # without owners and modes looks like this, too.
    if _PROJECT in folder.parents and _why_not_own(_PROJECT.stat()):
        return
    for link in (path for path in (home, *home.parents) if path.is_symlink()):
        _refuse(link, _whose(link.lstat()))
    for path in (folder, *(folder / name for name in _RUN)):
        with suppress(FileNotFoundError):
            _refuse(path, _whose(path.lstat()) or _why_not_own(path.stat()))
    for path in folder.parents:
        if path in (_PROJECT, *_PROJECT.parents):
            return
        with suppress(FileNotFoundError):
            found = path.stat()
            # With this bit, as on /tmp, users can remove only their own files.
            _refuse(path, None if found.st_mode & stat.S_ISVTX else _why_not_own(found))


def close_to_others(home: Path) -> None:
    """Remove other users' access to the home, which earlier versions left readable."""
    found = home.stat()
    # A folder like /tmp is not only the user's, nor is one of root's if another user starts.
    if found.st_uid == os.geteuid() and not found.st_mode & stat.S_ISVTX:
        with suppress(OSError):  # some file systems have no modes
            home.chmod(found.st_mode & stat.S_IRWXU)


def new_private_file(path: Path) -> BinaryIO:
    """Create a file for the user alone, whatever the umask, replacing an earlier one."""
    # Not emptied but replaced: another user may have the old one open.
    path.unlink(missing_ok=True)
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600))


def _refuse(path: Path, why: str | None) -> None:
    if why:
        fix = ("chmod", "go-w") if why == _OPEN else ("sudo", "chown", "-h", str(os.geteuid()))
        raise HomeError(
            f"{path} {why}, and its files would run as you. Choose another folder with"
            f" {home_setting()}. If you are sure that no one has changed this one, make it only"
            f" yours:{shell_command(*fix, path)}"
        )


_OPEN = "can be changed by other users"


def _why_not_own(found: os.stat_result) -> str | None:
    by_group = found.st_mode & stat.S_IWGRP and not _is_users_own_group(found.st_gid)
    if by_group or found.st_mode & stat.S_IWOTH:
        return _OPEN
    return _whose(found)


def _whose(found: os.stat_result) -> str | None:
    """Whose it is, as a reason to refuse it; None if it is the user's or root's."""
    if found.st_uid in _trusted_users():
        return None
    try:
        return f"belongs to the user {pwd.getpwuid(found.st_uid).pw_name}"
    except KeyError:
        return f"belongs to the user with the id {found.st_uid}"


def _trusted_users() -> set[int]:
    return {0, os.geteuid()}


def _is_users_own_group(group: int) -> bool:
    """Whether only the user is in it: many systems give each user a group of the same name."""
    try:
        found, user = grp.getgrgid(group), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return (
        group == user.pw_gid and found.gr_name == user.pw_name and {*found.gr_mem} <= {user.pw_name}
    )
