"""Has LocalStack's gateway pass Kinesis calls on without parsing their arguments.

Parsing takes most of the time of a call that puts 500 records, cuts times to whole seconds, and
goes by botocore's model, which lacks newer operations and members.
"""

from __future__ import annotations

from typing import Any

from ..documents import ANYTHING, add_patches
from .newer import NEWER_OPERATIONS, NEWER_SHAPES
from .operations import OPERATIONS, SUBSCRIBE

_MODEL = "kinesis/2013-12-02/service-2"


def hand_calls_on() -> None:
    """Add the patches; must run before the first call."""
    add_patches(_MODEL, patches())


def patches() -> list[dict[str, Any]]:
    """Newer operations, and a free-form document as the input of each operation."""
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
