"""Chooses and loads the folder that defines the events.

`docs/architecture.md` describes the contract for such a folder, and `loading` enforces it.
"""

from __future__ import annotations

from tweetpipe.events.choosing import choose, chosen, require_those_of, stack_name
from tweetpipe.events.contract import Events, Item, Shown
from tweetpipe.events.loading import DEFAULT, check_name, load

__all__ = [
    "DEFAULT",
    "Events",
    "Item",
    "Shown",
    "check_name",
    "choose",
    "chosen",
    "load",
    "require_those_of",
    "stack_name",
]
