"""The files of a stream: its records and, if it is kept, a document that describes it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree
from threading import Event
from typing import Any

from .disk import Disk
from .segments import Segments

_NAME = "stream.json"


@dataclass(frozen=True)
class Home:
    """A stream's folder. If it is kept, `changed` is set when there is something to write."""

    folder: Path
    disk: Disk
    changed: Event | None

    def segments(self, shard_id: str) -> Segments:
        """The files of a shard."""
        return Segments(self.folder / shard_id, self.disk)

    def write(self, document: dict[str, Any]) -> bool:
        """Write the stream's document; False if that fails for now."""
        return self.disk.try_to(partial(self._write, json.dumps(document)))

    def _write(self, document: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.folder / f"{_NAME}.new"
        new.write_text(document)
        os.replace(new, self.folder / _NAME)  # So there is always the old document or the new one.

    def read(self) -> dict[str, Any] | None:
        """The stream's document, if it was ever written."""
        try:
            document: dict[str, Any] = json.loads((self.folder / _NAME).read_bytes())
        except FileNotFoundError:
            return None
        return document

    def remove(self) -> None:
        """Delete everything; the document first, so that it never describes more than there is."""
        (self.folder / _NAME).unlink(missing_ok=True)
        rmtree(self.folder, ignore_errors=True)
