"""Where LocalStack saves its state, and how it reports that it can't use the saved state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

KEPT_FOLDER = "LOCALSTACK_KEPT_FOLDER"
"""The variable in LocalStack's environment that names the folder."""


def kept_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder, or None if no state is saved."""
    named = environ.get(KEPT_FOLDER)
    return Path(named) if named else None


REFUSED = "kept state: "
"""The prefix of the line of the log that says why the saved state can't be used."""

IN_USE = "kept state is in use"
"""The line of the log that says that another LocalStack uses the saved state."""

REFUSED_BY_SYSTEM = "kept state, system error "
"""The prefix of the line of the log with the number and text of an OSError."""
