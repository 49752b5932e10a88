"""Patches that have LocalStack's gateway pass calls on without parsing their arguments.

LocalStack itself has such patches of botocore's models. It applies them when it loads a model, at
the first call of the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ANYTHING = {"type": "structure", "members": {}, "document": True}


def add_patches(model: str, patches: Sequence[dict[str, Any]]) -> None:
    """Patch a model, which must not have been loaded yet."""
    from localstack.aws.spec import loader

    loader.patches[model] = [*loader.patches.get(model, []), *patches]
