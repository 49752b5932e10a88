"""Checks of a request by AWS's own model: required members, and the types of values."""

from __future__ import annotations

from typing import Any

from .errors import Refused, invalid, unconstrained
from .values import unreadable

_OWN = "AttributeValue"  # left to `values`
_FORMS: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
}


def check_members(shape: Any, value: Any, where: str = "") -> None:
    """Refuse wrong types, and missing required members; `shape` is botocore's.

    Deletes members that are null, which AWS takes for missing.
    """
    if value is None:
        if where.endswith(".member."):
            raise unconstrained(None, where.removesuffix("."), "not be null")
        return
    if type(value) not in _FORMS.get(shape.type_name, (type(value),)):
        raise unreadable(value)
    if shape.type_name == "structure":
        for name in [name for name, content in value.items() if content is None]:
            del value[name]
        for name in shape.required_members:
            if value.get(name) is None:
                raise _missing(name, where)
        for name, content in value.items():
            if name in shape.members:
                check_members(shape.members[name], content, f"{where}{_lower(name)}.")
    elif shape.type_name == "list":
        for place, content in enumerate(value, start=1):
            check_members(shape.member, content, f"{where}{place}.member.")
    elif shape.type_name == "map" and shape.value.name != _OWN:
        for name, content in value.items():
            check_members(shape.value, content, f"{where}{name}.member.")


def _missing(name: str, where: str) -> Refused:
    if not where:
        return invalid(f"The parameter '{name}' is required but was not present in the request")
    return unconstrained(None, f"{where}{_lower(name)}", "not be null")


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
