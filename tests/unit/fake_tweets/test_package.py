from __future__ import annotations

import subprocess
import sys

import fake_tweets


def test_every_exported_name_exists() -> None:
    assert sorted(fake_tweets.__all__) == fake_tweets.__all__
    assert all(hasattr(fake_tweets, name) for name in fake_tweets.__all__)


def test_importing_the_package_does_not_import_faker() -> None:
    script = "import fake_tweets, sys; sys.exit('faker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
