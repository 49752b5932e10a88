"""Calls that LocalStack's gateway hands on as they come, not read by botocore's model.

Patches are LocalStack's own way to differ from a model; it applies them when it loads the model, at
the first call of the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ANYTHING = {"type": "structure", "members": {}, "document": True}


def add_patches(model: str, patches: Sequence[dict[str, Any]]) -> None:
    """Differ from this model, which has not been loaded yet."""
    from localstack.aws.spec import loader

    loader.patches[model] = [*loader.patches.get(model, []), *patches]
