"""Whether the LocalStack that is installed is the one that the mapping is put into."""

from __future__ import annotations

import subprocess

from localstack_embedded import ensure_environment

CHECK = """
from localstack_embedded_plugin.mapping.install import unmet_needs
print(*unmet_needs(), sep="\\n")
"""


def test_localstack_has_what_is_replaced_in_it_and_what_is_called() -> None:
    python = ensure_environment().python

    check = subprocess.run([python, "-c", CHECK], capture_output=True, text=True, check=True)

    assert check.stdout.strip() == ""
