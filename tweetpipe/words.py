"""Numbers and names in sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence


def counted(number: float, thing: str, things: str = "") -> str:
    """1 shard, 2 shards; 1 mouse, 2 mice where `things` says so."""
    whole = round(number)
    return f"{whole:,} {thing if whole == 1 else things or plural(thing)}"


def plural(thing: str) -> str:
    """The regular plural: shards, batches, queries, but days."""
    if re.search(r"[^aeiou]y$", thing):
        return f"{thing[:-1]}ies"
    return thing + ("es" if re.search(r"(s|x|z|ch|sh)$", thing) else "s")


def named(names: Sequence[str]) -> str:
    """a, b, c, and 2 more: no more than three of them by name."""
    more = f", and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
