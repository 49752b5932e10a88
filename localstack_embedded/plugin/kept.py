"""The folder in which LocalStack keeps its state, if it does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

KEPT_FOLDER = "LOCALSTACK_KEPT_FOLDER"
"""The variable in LocalStack's environment that names the folder."""


def kept_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder, or None if no state is kept."""
    named = environ.get(KEPT_FOLDER)
    return Path(named) if named else None


REFUSED = "kept state: "
"""What the last line of the log begins with if LocalStack can't start with what is kept."""
