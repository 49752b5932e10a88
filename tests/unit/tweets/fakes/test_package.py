from __future__ import annotations

import subprocess
import sys

from tweets import fakes


def test_every_exported_name_exists() -> None:
    assert sorted(fakes.__all__) == fakes.__all__
    assert all(hasattr(fakes, name) for name in fakes.__all__)


def test_importing_the_package_does_not_import_faker() -> None:
    script = "import tweets.fakes, sys; sys.exit('faker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
