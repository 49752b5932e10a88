"""Where event source mappings for Kinesis are in their streams, as JSON."""

from __future__ import annotations

from typing import Any

from ..mapping.install import places
from ..mapping.interfaces import Checkpoint
from ..mapping.worker import Place

_waiting: dict[str, Any] | None = None
"""Those of mappings that have not been started again yet."""


def noted() -> dict[str, Any]:
    """The places of all mappings at this moment."""
    if _waiting is not None:
        return _waiting
    return {
        uuid: {
            "stream_created": place.stream_created,
            "checkpoints": {
                shard: [each.done, each.open, each.window_start, each.window_state]
                for shard, each in place.checkpoints.copy().items()
            },
        }
        for uuid, place in places().copy().items()
    }


def wait(note: dict[str, Any]) -> None:
    """Have the mappings go on there, once they are started again."""
    global _waiting
    _waiting = note


def restore() -> None:
    """Give them their places."""
    global _waiting
    for uuid, place in (_waiting or {}).items():
        checkpoints = {
            shard: Checkpoint(done, tuple(still_open), start, state)
            for shard, (done, still_open, start, state) in place["checkpoints"].items()
        }
        places()[uuid] = Place(place["stream_created"], checkpoints)
    _waiting = None
