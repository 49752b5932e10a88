"""Where the project's own files lie, and what it makes.

In a checkout everything is in its folder. In what is installed, `examples`, `infra`, and
`requirements` lie in this package, and what is made goes where the user's data belongs. The
variable TWEETPIPE_HOME names another folder for that; a file `.env` doesn't, since what lies there
is run.
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
"""Whether LocalStack runs in the environment of all the user's programs, not one in its home."""


def _made() -> tuple[Path, Path]:
    """LocalStack's home, and the folder for the function's package."""
    if IS_CHECKOUT and not _NAMED:
        return ROOT / ".localstack", ROOT / "build"
    from platformdirs import user_data_path

    home = Path(_NAMED).expanduser().absolute() if _NAMED else user_data_path("tweetpipe")
    return home / "localstack", home / "build"


LOCALSTACK_HOME, BUILD = _made()
FUNCTION = BUILD / "function"
