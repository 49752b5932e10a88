"""The file of undelivered records: NDJSON that the file source can resend."""

from __future__ import annotations

import fcntl
import io
import itertools
import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from producer.errors import UndeliveredError
from producer.outgoing import STDIN
from producer.position import sync_folder


def undelivered_path(wanted: Path, *, sources: Sequence[str | Path]) -> Path:
    """`wanted`, or its next free numbered sibling if that is one of the files being read.

    Appending to the file being read would never end.
    """
    if not any(_same_file(wanted, source) for source in sources):
        return wanted
    siblings = (wanted.with_name(f"{wanted.stem}.{n}{wanted.suffix}") for n in itertools.count(1))
    return next(sibling for sibling in siblings if not sibling.exists())


Identity = tuple[int, int]
"""What identifies a file, whatever its name."""


def identity(status: os.stat_result) -> Identity:
    """The identity of the file with this status."""
    return status.st_dev, status.st_ino


def of_earlier_runs(path: Path) -> set[Identity]:
    """That file of undelivered records and its numbered siblings, those that exist."""
    stem = re.sub(r"\.\d+$", "", path.stem)
    name = re.compile(rf"{re.escape(stem)}(\.\d+)?{re.escape(path.suffix)}")
    found: set[Identity] = set()
    with suppress(OSError):
        for entry in path.parent.iterdir():
            if name.fullmatch(entry.name):
                found.add(identity(entry.stat()))
    return found


def is_of_an_earlier_run(source: str | Path, path: Path) -> bool:
    """Whether the source is one of these files."""
    with suppress(OSError):
        return identity(_status(source)) in of_earlier_runs(path)
    return False


def _status(source: str | Path) -> os.stat_result:
    return os.fstat(0) if str(source) == STDIN else os.stat(source)


def _same_file(wanted: Path, source: str | Path) -> bool:
    try:
        return os.path.samestat(_status(source), wanted.stat())
    except OSError:
        return False


def require_writable(path: Path) -> None:
    """Raise UndeliveredError if records can't be appended to `path`; creates no file."""
    try:
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise UndeliveredError(
            f"cannot write undelivered records to {path}: {error.strerror}. Name a file in a "
            "writable folder with --undelivered"
        ) from error


def append(path: Path, lines: Sequence[bytes]) -> int:
    """Append lines, each with a newline; return how many reached the disk, from the first.

    Raises OSError if none did. A partial write is undone, so that it can be retried. A half-line
    left by a crash is closed first, and so becomes a separate record when the file is sent.
    """
    with path.open("a+b", buffering=0) as file:
        # Undoing a write must not remove another producer's lines.
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        ending = b"" if _is_empty_or_whole(file) else b"\n"
        start = file.seek(0, os.SEEK_END)
        kept = 0
        try:
            try:
                for line in lines:
                    _write_whole(file, ending + line + b"\n")
                    ending = b""
                    kept += 1
            except OSError:
                if not kept:
                    raise
            os.fsync(file.fileno())
            # A new file's name must reach the disk as well.
            sync_folder(path.parent)
        except OSError:
            _cut(file, start)
            raise
    return kept


def fitting(path: Path, lines: Sequence[bytes], *, limit: int) -> int:
    """How many of the lines, from the first, fit in a file of at most `limit` bytes."""
    size = path.stat().st_size if path.exists() else 0
    ends = itertools.accumulate((len(line) + 1 for line in lines), initial=size)
    return sum(end <= limit for end in itertools.islice(ends, 1, None))


def _write_whole(file: io.FileIO, line: bytes) -> None:
    start = file.seek(0, os.SEEK_END)
    try:
        rest = memoryview(line)
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        _cut(file, start)
        raise


def _cut(file: io.FileIO, size: int) -> None:
    with suppress(OSError):  # only a file on a disk can be truncated
        file.truncate(size)


def _is_empty_or_whole(file: io.FileIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
