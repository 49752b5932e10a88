"""What a record of the stream will be in the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from processor.aggregation import deaggregate
from processor.errors import Rejected
from processor.tweet import to_item
from tweetpipe.looking.table import Item


def items_of(data: bytes) -> list[Item]:
    """The items that the function will make of a record; none of what it can't store."""
    try:
        contained = deaggregate(data)
    except Rejected:
        return []
    payloads = [data] if contained is None else [record.data for record in contained]
    return [item for payload in payloads for item in _item(payload)]


def _item(payload: bytes) -> Iterator[Item]:
    try:
        item = to_item(payload)
    except Rejected:
        return
    attributes = cast(dict[str, dict[str, str]], item)
    yield {name: attribute["S"] for name, attribute in attributes.items()}
