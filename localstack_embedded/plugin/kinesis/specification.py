"""Has LocalStack's gateway hand calls of Kinesis on as they come.

It reads arguments by botocore's model, which lacks what is newer, cuts times to whole seconds, and
takes most of the time that putting 500 records takes.
"""

from __future__ import annotations

from typing import Any

from ..documents import ANYTHING, add_patches
from .newer import NEWER_OPERATIONS, NEWER_SHAPES
from .operations import OPERATIONS, SUBSCRIBE

_MODEL = "kinesis/2013-12-02/service-2"


def hand_calls_on() -> None:
    """Add the patches, before the first call."""
    add_patches(_MODEL, patches())


def patches() -> list[dict[str, Any]]:
    """Newer operations, and for each operation an input that is no more than a document."""
    inputs = {f"{operation}Input": ANYTHING for operation in (*OPERATIONS, SUBSCRIBE)}
    outputs = {name: shape for name, shape in NEWER_SHAPES.items() if name.endswith("Output")}
    return [
        {"op": "add", "path": f"/{kind}/{name}", "value": value}
        for kind, added in (
            ("shapes", {**inputs, **outputs}),
            ("operations", NEWER_OPERATIONS),
        )
        for name, value in added.items()
    ]
