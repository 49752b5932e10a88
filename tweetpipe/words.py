"""Numbers and names in sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence


def counted(number: float, thing: str, things: str = "") -> str:
    """1 shard, 2 shards; with `things`, 1 mouse, 2 mice."""
    whole = round(number)
    return f"{whole:,} {thing if whole == 1 else things or plural(thing)}"


def plural(thing: str) -> str:
    """The regular plural, as in shards, batches, queries, and days."""
    if re.search(r"[^aeiou]y$", thing):
        return f"{thing[:-1]}ies"
    return thing + ("es" if re.search(r"(s|x|z|ch|sh)$", thing) else "s")


def named(names: Sequence[str]) -> str:
    """Up to three names and the number of the others: a, b, c, and 2 more."""
    more = f", and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def one_of(choices: Sequence[str]) -> str:
    """All of the names as alternatives: a, b, or c."""
    *others, last = choices
    comma = "," if len(others) > 1 else ""
    return f"{', '.join(others)}{comma} or {last}" if others else last
