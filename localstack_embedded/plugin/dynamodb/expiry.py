"""Which items have expired, as in "Using time to live (TTL) in DynamoDB"."""

from __future__ import annotations

from decimal import Decimal

from .values import Item

_LONGEST_PAST = 5 * 365 * 24 * 3600  # With an older time, AWS keeps the item.


def has_expired(item: Item, attribute: str, now: float) -> bool:
    """Whether the attribute is a time, in epoch seconds, in the past 5 years."""
    number = item.get(attribute, {}).get("N")
    return number is not None and now - _LONGEST_PAST <= Decimal(number) < now
