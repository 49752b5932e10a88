"""Has LocalStack's gateway pass on calls for items without parsing their arguments.

Parsing each value of each item by botocore's model costs more than storing the items does, and
nothing uses the result.
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
    """Add the patches; must run before the first call."""
    add_patches(_MODEL, patches())


def patches() -> list[dict[str, Any]]:
    """A free-form document as the input of each operation."""
    return [
        {"op": "add", "path": f"/shapes/{operation}Input", "value": ANYTHING}
        for operation in ON_ITEMS
    ]
