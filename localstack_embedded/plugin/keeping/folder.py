"""A folder of parts, each some bytes under a name, which change all at once or not at all.

    manifest.json     the contents: for each part its file, length, and CRC-32; and a note
    parts/            the files, which are never changed, only replaced by new ones
    lock              held by the process that uses the folder

The manifest is authoritative: it is replaced last, and files that it doesn't name are removed. It
starts with a CRC-32 of itself.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

MANIFEST = "manifest.json"
_PARTS = "parts"


class KeptStateError(Exception):
    """The saved state can't be used; the message says why."""


class FolderInUseError(KeptStateError):
    """Another process uses the folder."""


class Folder:
    """Belongs to one process from creation to `close`; raises KeptStateError if it can't be used.

    `made_by` is JSON that says what writes it; nothing else can read it. `note` is JSON, too.
    """

    def __init__(self, path: Path, made_by: Mapping[str, Any]) -> None:
        self.path = path
        self.note: Any = None
        self._made_by = dict(made_by)
        self._parts: dict[str, dict[str, Any]] = {}
        self._count = 0
        for folder in (path, path / _PARTS):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise FolderInUseError(f"another LocalStack uses {path}") from error
        try:
            self._read_manifest()
        except BaseException:
            self.close()
            raise

    @property
    def names(self) -> Collection[str]:
        """The names of all parts."""
        return self._parts.keys()

    def read(self, name: str) -> bytes:
        """The bytes of a part; raises KeptStateError if they are not those that were written."""
        part = self._parts[name]
        path = self.path / _PARTS / part["file"]
        try:
            content: bytes = path.read_bytes()
        except OSError as error:
            raise self._unusable(f"{path} can't be read ({error.strerror})") from error
        if (len(content), crc32(content)) != (part["size"], part["crc"]):
            raise self._unusable(f"{path} is damaged")
        return content

    def write(self, parts: Mapping[str, bytes], *, gone: Collection[str], note: Any) -> None:
        """Replace these parts, drop others, and store a note, all at once; raises OSError."""
        new = {name: part for name, part in self._parts.items() if name not in gone}
        written = []
        try:
            for name, content in parts.items():
                self._count += 1
                # The name of a part need not be a valid file name.
                file = f"{self._count:08d}"
                written.append(self.path / _PARTS / file)
                _write(written[-1], content)
                new[name] = {"file": file, "size": len(content), "crc": crc32(content)}
            document = {"made_by": self._made_by, "parts": new, "note": note}
            text = json.dumps(document)
            whole = f"{crc32(text.encode()):08x}\n{text}"
            _write(self.path / f"{MANIFEST}.new", whole.encode())
            os.replace(self.path / f"{MANIFEST}.new", self.path / MANIFEST)
        except OSError:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        self._parts, self.note = new, note
        self._sync()
        self._clean()

    def close(self) -> None:
        """Release the folder, so that another process can use it."""
        os.close(self._lock)

    def _read_manifest(self) -> None:
        path = self.path / MANIFEST
        try:
            text = path.read_text()
        except FileNotFoundError:
            if any((self.path / _PARTS).iterdir()):
                raise self._unusable(f"{path} is missing") from None
            return
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(f"{path} can't be read ({error})") from error
        try:
            document = document_of(text)
        except ValueError as error:
            raise self._unusable(f"{path} is damaged") from error
        if document["made_by"] != self._made_by:
            raise self._unusable(
                f"it was written by {_shown(document['made_by'])}, and this is"
                f" {_shown(self._made_by)}"
            )
        self._parts, self.note = document["parts"], document["note"]
        self._count = max((int(part["file"]) for part in self._parts.values()), default=0)
        self._clean()

    def _clean(self) -> None:
        """Remove files that a killed process left, and those that have been replaced."""
        known = {part["file"] for part in self._parts.values()}
        for path in (self.path / _PARTS).iterdir():
            if path.name not in known:
                path.unlink()

    def _sync(self) -> None:
        """Make the file names survive a power loss, too, where the file system supports that."""
        for folder in (self.path / _PARTS, self.path):
            with suppress(OSError):
                descriptor = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def _unusable(self, why: str) -> KeptStateError:
        return KeptStateError(unusable(self.path, why))


def document_of(manifest: str) -> Any:
    """The JSON in a manifest; raises ValueError if it is damaged."""
    checksum, _, content = manifest.partition("\n")
    if checksum != f"{crc32(content.encode()):08x}":
        raise ValueError("the checksum differs")
    return json.loads(content)


def unusable(path: Path, why: str) -> str:
    """The message about saved state that can't be used."""
    return f"The state saved in {path} can't be used: {why}. The saved state was not changed"


def _shown(made_by: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in made_by.items())


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
