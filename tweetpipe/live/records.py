"""What a record of the stream will be in the table."""

from __future__ import annotations

from processor.errors import Rejected
from processor.tweet import to_item
from tweetpipe.table import Item


def items_of(data: bytes) -> list[Item]:
    """The items that the function will make of a record; none of one that it can't store."""
    try:
        item = to_item(data)
    except Rejected:
        return []
    return [
        {
            "Username": item["Username"]["S"],
            "Id": item["Id"]["S"],
            "Timestamp": item["Timestamp"]["S"],
            "Message": item["Message"]["S"],
        }
    ]
