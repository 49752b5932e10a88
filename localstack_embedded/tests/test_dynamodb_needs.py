"""Whether the LocalStack that is installed is the one that DynamoDB is put into."""

from __future__ import annotations

import subprocess

from localstack_embedded import ensure_environment

CHECK = """
from localstack_embedded_plugin.dynamodb.needs import NEEDS
from localstack_embedded_plugin.needs import unmet
print(*unmet(NEEDS), sep="\\n")
"""


def test_moto_and_localstack_have_what_is_replaced_in_them_and_what_is_called() -> None:
    python = ensure_environment().python

    check = subprocess.run([python, "-c", CHECK], capture_output=True, text=True, check=True)

    assert check.stdout.strip() == ""
