"""The owner of a stack on an emulator: a tag with a random id of the home it was created from.

Stacks on AWS get no such tag. CloudFormation would put it on each resource, which needs extra
permissions, and each deployment from another home would then be a change. On AWS, `destroy` always
asks.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.project import LOCALSTACK_HOME

TAG = "tweetpipe:home"

_ID = re.compile(r"[0-9a-f]{32}")


def tags(place: Place, existing: Stack | None) -> Mapping[str, str]:
    """The tags to deploy the stack with; an update does not change the owner."""
    if not place.is_local:
        return {}
    if existing is None or existing.awaits_review:
        return {TAG: _home_id()}
    return existing.tags


def is_ours(stack: Stack) -> bool:
    """Whether the stack was created from this home."""
    return stack.tags.get(TAG) == _home_id()


def _home_id() -> str:
    """The id of this home, or a new one for each process if it can't be saved."""
    path = LOCALSTACK_HOME / "id"
    found = _read(path)
    if found:
        return found
    mine = uuid.uuid4().hex
    with suppress(OSError):
        LOCALSTACK_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"id.{mine}")
        draft.write_text(mine)
        try:
            os.link(draft, path)  # of several processes at once, one is the first
        finally:
            draft.unlink()
    return _read(path) or mine


def _read(path: Path) -> str | None:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return None
    return text if _ID.fullmatch(text) else None
