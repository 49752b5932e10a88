"""Has LocalStack's gateway hand calls on items on as they come.

It would read each value of each item by botocore's model first, which costs more than storing them
does, and which nobody looks at.
"""

from __future__ import annotations

from typing import Any

from ..documents import ANYTHING, add_patches

_MODEL = "dynamodb/2012-08-10/service-2"
ON_ITEMS = (
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
)


def hand_items_on() -> None:
    """Add the patches, before the first call."""
    add_patches(_MODEL, patches())


def patches() -> list[dict[str, Any]]:
    """For each operation an input that is no more than a document."""
    return [
        {"op": "add", "path": f"/shapes/{operation}Input", "value": ANYTHING}
        for operation in ON_ITEMS
    ]
