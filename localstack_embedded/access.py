"""The access key of an instance, for programs that can't be recognized as its user's.

It is in the instance's home, where the user can read it, while the instance runs. An instance that
is open to the whole machine has none.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from .ownership import new_private_file

KEY_FILE = "access-key"

# LocalStack infers the account from the form of an access key ID. This form stands for the account
# 000000000000, like "test", the key that every LocalStack accepts.
KEY_PREFIX = "EMBEDDED"
DEFAULT_KEY = "test"


def grant(home: Path, *, open_to_this_machine: bool) -> dict[str, str]:
    """The settings that tell LocalStack whom to serve; raises OSError."""
    if open_to_this_machine:
        revoke(home)
        return {"GATEWAY_OPEN": "1"}
    key = f"{KEY_PREFIX}{secrets.token_hex(16).upper()}"
    with new_private_file(home / KEY_FILE) as opened:
        opened.write(key.encode())
    return {"GATEWAY_ACCESS_KEY": key}


def revoke(home: Path) -> None:
    """Delete the key of an instance that has ended."""
    (home / KEY_FILE).unlink(missing_ok=True)


def key_of(home: Path) -> str:
    """The access key ID to use for the home's instance."""
    try:
        return (home / KEY_FILE).read_text() or DEFAULT_KEY
    except OSError:
        return DEFAULT_KEY


def is_open(home: Path) -> bool:
    """Whether the home's instance serves the whole machine."""
    return not (home / KEY_FILE).exists()
