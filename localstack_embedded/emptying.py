"""Empties a running LocalStack in a moment, where a restart would take seconds."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from .emulator import status
from .errors import ResetError
from .homes import DEFAULT_HOME
from .instance import Instance
from .ports import LOOPBACK
from .restarting import restart_commands

PATH = "/_localstack/state/reset"
RESET_SECONDS = 60.0


def reset(home: Path = DEFAULT_HOME, *, account: str | None = None) -> dict[str, str]:
    """Empty all services of one account, or of all accounts; running functions are ended.

    Returns what was not emptied, by service: little, and nothing if all accounts are emptied.
    Raises ResetError.
    """
    instance = status(home)
    if not isinstance(instance, Instance):
        raise ResetError(instance.explanation)
    query = f"?{urlencode({'account': account})}" if account else ""
    headers = {"X-Amz-Security-Token": instance.access_key_id}
    with closing(HTTPConnection(LOOPBACK, instance.port, timeout=RESET_SECONDS)) as connection:
        try:
            connection.request("POST", f"{PATH}{query}", headers=headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            raise ResetError(
                f"LocalStack at {instance.endpoint} did not answer: {error}. If it does not answer"
                f" later either, restart it empty:{restart_commands(home)}"
            ) from error
    try:
        report = json.loads(content)
        failed, left = report["failed"], report["not_reset"]
    except (ValueError, KeyError, TypeError) as error:
        said = content.decode(errors="replace").strip()
        raise ResetError(
            f"LocalStack refused to reset: {said or response.reason}. To restart it empty, run:"
            f"{restart_commands(home)}"
        ) from error
    if failed:
        which = "; ".join(f"{service}: {why}" for service, why in failed.items())
        raise ResetError(
            f"Some of LocalStack was not reset ({which}). To restart it empty, run:"
            f"{restart_commands(home)}"
        )
    return {str(service): str(what) for service, what in left.items()}
