"""Where LocalStack keeps what it holds, if it is to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

KEPT_FOLDER = "LOCALSTACK_KEPT_FOLDER"
"""The variable of LocalStack's environment that names the folder."""


def kept_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder, or None if nothing is to be kept."""
    named = environ.get(KEPT_FOLDER)
    return Path(named) if named else None


REFUSED = "kept state: "
"""What the last line of the log begins with if LocalStack can't start with what is kept."""
