"""Predicts the items that a stream record becomes."""

from __future__ import annotations

from collections.abc import Iterator

from processor.aggregation import deaggregate
from processor.errors import Rejected
from tweetpipe import events
from tweetpipe.events import Item
from tweetpipe.looking import table


def items_of(data: bytes) -> list[Item]:
    """The items that the function will make from a record; none for what it can't store."""
    try:
        contained = deaggregate(data)
    except Rejected:
        return []
    payloads = [data] if contained is None else [record.data for record in contained]
    return [item for payload in payloads for item in _item(payload)]


def _item(payload: bytes) -> Iterator[Item]:
    try:
        item, _ = events.chosen().function.item(payload)
        yield table.plain(item)
    except Exception:
        # The record waits, or becomes a dead letter.
        return
