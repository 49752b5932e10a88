"""Which items have outlived their time, by "Using time to live (TTL) in DynamoDB"."""

from __future__ import annotations

from decimal import Decimal

from .values import Item

_LONGEST_PAST = 5 * 365 * 24 * 3600  # AWS takes an older time for a mistake.


def has_expired(item: Item, attribute: str, now: float) -> bool:
    """Whether the attribute holds a time, in epoch seconds, that has passed at most 5 years ago."""
    number = item.get(attribute, {}).get("N")
    return number is not None and now - _LONGEST_PAST <= Decimal(number) < now
