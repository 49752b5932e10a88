from __future__ import annotations

import subprocess
import sys

from tweets.fakes import x_api


def test_every_exported_name_exists() -> None:
    assert sorted(x_api.__all__) == x_api.__all__
    assert all(hasattr(x_api, name) for name in x_api.__all__)


def test_the_generator_does_without_a_server() -> None:
    script = "import tweets.fakes.__main__, sys; sys.exit('starlette' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
