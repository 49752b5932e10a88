"""Where a stream has its files: the records, and if it is to be kept, what the stream is."""

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
    """A stream's folder. `changed` is there if it is to be kept, and set when something is new."""

    folder: Path
    disk: Disk
    changed: Event | None

    def segments(self, shard_id: str) -> Segments:
        """The files of a shard."""
        return Segments(self.folder / shard_id, self.disk)

    def write(self, document: dict[str, Any]) -> bool:
        """Write what the stream is; False if that is impossible at this moment."""
        return self.disk.try_to(partial(self._write, json.dumps(document)))

    def _write(self, document: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.folder / f"{_NAME}.new"
        new.write_text(document)
        os.replace(new, self.folder / _NAME)  # There is always the old one or the new one.

    def read(self) -> dict[str, Any] | None:
        """What the stream is, if it was ever written."""
        try:
            document: dict[str, Any] = json.loads((self.folder / _NAME).read_bytes())
        except FileNotFoundError:
            return None
        return document

    def remove(self) -> None:
        """Delete it all; the document first, so that it never says more than there is."""
        (self.folder / _NAME).unlink(missing_ok=True)
        rmtree(self.folder, ignore_errors=True)
