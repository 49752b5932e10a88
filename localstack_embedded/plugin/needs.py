"""Whether the LocalStack that is installed has what this plugin replaces in it, and calls."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from operator import attrgetter


def unmet(needs: Mapping[str, str]) -> list[str]:
    """What there is otherwise: the needs are "module:name", each with its parameters."""
    return [
        f"{needed}({parameters})"
        for needed, parameters in needs.items()
        if _parameters_of(*needed.split(":")) != parameters
    ]


def _parameters_of(module: str, path: str) -> str | None:
    try:
        found = attrgetter(path)(import_module(module))
    except (ImportError, AttributeError):
        return None
    return ", ".join(signature(found).parameters)
