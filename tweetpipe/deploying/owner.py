"""Who made a stack on an emulator: its tag names the home, by an id that says nothing else.

Stacks on AWS get no such tag. CloudFormation would put it on each resource, which takes permissions
of its own, and a deployment from another home would then always be a change; there, `destroy`
asks in any case.
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
    """The tags for the stack's deployment: an update leaves it to whoever made it."""
    if not place.is_local:
        return {}
    if existing is None or existing.awaits_review:
        return {TAG: _home_id()}
    return existing.tags


def is_ours(stack: Stack) -> bool:
    """Whether the stack was made from this home."""
    return stack.tags.get(TAG) == _home_id()


def _home_id() -> str:
    """This home's id; where it can't be kept, a new one for each process."""
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
