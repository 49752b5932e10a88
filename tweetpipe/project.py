"""The paths of the project's own files, and of the files that it creates.

A checkout holds everything in its folder. In an installed package, `examples`, `infra`, and
`requirements` are part of this package, and files are created in the user's data folder.
TWEETPIPE_HOME overrides that folder. It can't be set in `.env`, because code in the folder is run.
"""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
ROOT = _PACKAGE.parent
IS_CHECKOUT = (ROOT / "requirements" / "processor.txt").is_file()
_DATA = ROOT if IS_CHECKOUT else _PACKAGE

TEMPLATE = _DATA / "infra" / "template.yaml"
EXAMPLE = _DATA / "examples" / "clickstream"
PROCESSOR = ROOT / "processor"
PROCESSOR_REQUIREMENTS = _DATA / "requirements" / "processor.txt"


_NAMED = os.environ.get("TWEETPIPE_HOME")
SHARES_ENVIRONMENT = not (IS_CHECKOUT or _NAMED)
"""Whether LocalStack uses an environment shared by all of the user's programs."""


def _made() -> tuple[Path, Path]:
    """LocalStack's home and the folder for the function's package."""
    if IS_CHECKOUT and not _NAMED:
        return ROOT / ".localstack", ROOT / "build"
    from platformdirs import user_data_path

    home = Path(_NAMED).expanduser().absolute() if _NAMED else user_data_path("tweetpipe")
    return home / "localstack", home / "build"


LOCALSTACK_HOME, BUILD = _made()
FUNCTION = BUILD / "function"
