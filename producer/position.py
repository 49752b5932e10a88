"""Saves how far a source has been sent, in a small JSON file."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from producer.errors import PositionError

_SAMPLE_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class SavedPosition:
    """Every line of the file before `offset`, where a line starts, has been sent to `stream`.

    So have the `unended_bytes` after it: a last line that had no newline yet. `fingerprint`
    identifies the file if another takes its name.

    Where byte offsets are meaningless, as in a compressed file, the first `records` have been sent,
    `finished` says whether those are all, and `offset` is the file's size.
    """

    stream: str
    offset: int
    unended_bytes: int
    fingerprint: str
    records: int | None = None
    finished: bool = False

    @property
    def end(self) -> int:
        """The offset after everything sent."""
        return self.offset + self.unended_bytes


def position_path(of: str | Path) -> Path:
    """The path that saves the position in a file."""
    return Path(f"{of}.position")


def fingerprint(file: int, *, offset: int, unended_bytes: int) -> str:
    """A digest of the file's first bytes, of those just before `offset`, and of the unended line.

    `file` is a descriptor, whose offset does not move; bytes beyond what was sent don't count.
    """
    digest = hashlib.blake2b(b"%d %d " % (offset, unended_bytes), digest_size=16)
    digest.update(os.pread(file, min(_SAMPLE_BYTES, offset), 0))
    before = max(0, offset - _SAMPLE_BYTES)
    digest.update(os.pread(file, offset - before, before))
    digest.update(os.pread(file, unended_bytes, offset))
    return digest.hexdigest()


def load(path: Path) -> SavedPosition | None:
    """The position saved at `path`, None if there is none; raises PositionError."""
    if (content := content_of(path)) is None:
        return None
    with suppress(ValueError, RecursionError):
        match json.loads(content):
            case {
                "version": int(version),
                "stream": str(stream),
                "offset": int(offset),
                "unended_bytes": int(unended_bytes),
                "fingerprint": str(known),
                **further,
            } if offset >= 0 and unended_bytes >= 0:
                position = SavedPosition(
                    stream=stream, offset=offset, unended_bytes=unended_bytes, fingerprint=known
                )
                match version, further:
                    case 1, _:
                        return position
                    case 2, {"records": int(records), "finished": bool(finished)} if records >= 0:
                        return replace(position, records=records, finished=finished)
    raise PositionError(
        f"the saved position in {path} can't be read. Delete that file to send everything again, "
        "or run without --resume"
    )


def save(path: Path, position: SavedPosition) -> None:
    """Save a position at `path`, and return once it is on disk; raises PositionError."""
    fields: dict[str, object] = {"version": 1 if position.records is None else 2} | asdict(position)
    if position.records is None:
        # The format that earlier releases wrote and read.
        del fields["records"], fields["finished"]
    try:
        replace_file(path, json.dumps(fields).encode() + b"\n")
    except OSError as error:
        raise PositionError(
            f"cannot save the position in {path}: {error.strerror}. Nothing is lost. Make sure "
            "that its folder is writable and has free space, then run the command again"
        ) from error


def content_of(path: Path) -> bytes | None:
    """The whole content of `path`, None if there is no file; raises PositionError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PositionError(
            f"cannot read {path}: {error.strerror}. Make it a file that you can read, or delete it "
            "to start from the beginning"
        ) from error


def replace_file(path: Path, content: bytes) -> None:
    """Replace the file at `path`, and return once it is on disk; raises OSError.

    Atomic: the file always has the old content or the new, never a part.
    """
    # A name unique to this process: if a second process saves to the same path, each writes a whole
    # file.
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Return once the folder's entries are on disk; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
