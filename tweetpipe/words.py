"""Numbers in sentences."""

from __future__ import annotations


def counted(number: float, thing: str, things: str = "") -> str:
    """1 shard, 2 shards; 1 query, 2 queries where `things` says so."""
    whole = round(number)
    return f"{whole:,} {thing if whole == 1 else things or f'{thing}s'}"
