"""The places of Kinesis event source mappings in their streams, as JSON."""

from __future__ import annotations

from typing import Any

from ..mapping.install import places
from ..mapping.interfaces import Checkpoint
from ..mapping.worker import Place

_waiting: dict[str, Any] | None = None
"""The places of mappings that have not been restarted yet."""


def noted() -> dict[str, Any]:
    """The current places of all mappings."""
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
    """Have the mappings continue at these places once they are restarted."""
    global _waiting
    _waiting = note


def restore() -> None:
    """Give the waiting mappings their places."""
    global _waiting
    for uuid, place in (_waiting or {}).items():
        checkpoints = {
            shard: Checkpoint(done, tuple(still_open), start, state)
            for shard, (done, still_open, start, state) in place["checkpoints"].items()
        }
        places()[uuid] = Place(place["stream_created"], checkpoints)
    _waiting = None
