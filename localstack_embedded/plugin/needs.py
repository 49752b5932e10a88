"""Whether the installed LocalStack has what this plugin replaces and calls in it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from operator import attrgetter


def unmet(needs: Mapping[str, str]) -> list[str]:
    """The needs that aren't met; `needs` maps each "module:name" to its parameters."""
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
