"""The file of undelivered records: NDJSON that the file source can send again."""

from __future__ import annotations

import io
import itertools
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from producer.errors import UndeliveredError
from producer.position import sync_folder
from producer.sources import STDIN


def undelivered_path(wanted: Path, *, source: str | Path) -> Path:
    """`wanted`, or its next free numbered sibling if that is the very file being read.

    Appending to the file that is being read would never come to an end.
    """
    if not _same_file(wanted, source):
        return wanted
    siblings = (wanted.with_name(f"{wanted.stem}.{n}{wanted.suffix}") for n in itertools.count(1))
    return next(sibling for sibling in siblings if not sibling.exists())


def _same_file(wanted: Path, source: str | Path) -> bool:
    try:
        of_source = os.fstat(0) if str(source) == STDIN else os.stat(source)
        return os.path.samestat(of_source, wanted.stat())
    except OSError:
        return False


def require_writable(path: Path) -> None:
    """Raise UndeliveredError unless records could be appended to `path`; creates nothing."""
    try:
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise UndeliveredError(
            f"cannot write undelivered records to {path}: {error.strerror}; "
            "name a file in a folder that can be written"
        ) from error


def append(path: Path, lines: Iterable[bytes]) -> None:
    """Append each line and a newline, and return once they are on the disk; raises OSError.

    A half-line left at the end, by a crash or a full disk, is closed first, and so becomes a record
    of its own when the file is sent.
    """
    with path.open("a+b", buffering=0) as file:
        ending = b"" if _is_empty_or_whole(file) else b"\n"
        rest = memoryview(ending + b"".join([line + b"\n" for line in lines]))
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    # A new file's name has to be on the disk as well.
    sync_folder(path.parent)


def _is_empty_or_whole(file: io.FileIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
