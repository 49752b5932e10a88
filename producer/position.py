"""How far a source has been sent: a small JSON file."""

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

    So have the `unended_bytes` after it: a last line that had no newline yet. `fingerprint` tells
    the file from another one of its name.

    Where bytes say nothing, as in a compressed file, the first `records` have been sent, `finished`
    says whether that is all, and `offset` is the file's size.
    """

    stream: str
    offset: int
    unended_bytes: int
    fingerprint: str
    records: int | None = None
    finished: bool = False

    @property
    def end(self) -> int:
        """The offset after all that has been sent."""
        return self.offset + self.unended_bytes


def position_path(of: str | Path) -> Path:
    """Where the position in a file is kept."""
    return Path(f"{of}.position")


def fingerprint(file: int, *, offset: int, unended_bytes: int) -> str:
    """A digest of the file's first bytes, of those just before `offset`, and of the unended line.

    `file` is a descriptor, which stays where it stands; nothing beyond what was sent counts.
    """
    digest = hashlib.blake2b(b"%d %d " % (offset, unended_bytes), digest_size=16)
    digest.update(os.pread(file, min(_SAMPLE_BYTES, offset), 0))
    before = max(0, offset - _SAMPLE_BYTES)
    digest.update(os.pread(file, offset - before, before))
    digest.update(os.pread(file, unended_bytes, offset))
    return digest.hexdigest()


def load(path: Path) -> SavedPosition | None:
    """The position kept at `path`, None if there is none; raises PositionError."""
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
        f"{path} is not a position that can be used: delete it to send the whole file, "
        "or run without --resume"
    )


def save(path: Path, position: SavedPosition) -> None:
    """Replace what is kept at `path`, and return once that is on the disk; raises PositionError."""
    fields: dict[str, object] = {"version": 1 if position.records is None else 2} | asdict(position)
    if position.records is None:
        # As earlier releases wrote it, and read it.
        del fields["records"], fields["finished"]
    try:
        replace_file(path, json.dumps(fields).encode() + b"\n")
    except OSError as error:
        raise PositionError(
            f"cannot keep the position in {path}: {error.strerror}; see that its folder can be "
            "written and has room, then run this again: nothing is lost"
        ) from error


def content_of(path: Path) -> bytes | None:
    """All that is at `path`, None if nothing is there; raises PositionError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PositionError(f"cannot read {path}: {error.strerror}") from error


def replace_file(path: Path, content: bytes) -> None:
    """Make `content` all that is at `path`, and return once it is on the disk; raises OSError.

    Whatever happens meanwhile, the old content or the new is there, never a part of one.
    """
    # Of this process alone: should a second one write the same file, each writes it whole.
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
    """Return once the names of the files in a folder are on the disk; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
