"""AttributeUpdates, the parameter that predates update expressions."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from .errors import invalid, invalid_parameter
from .values import Item, Value, stored_number

_ACTIONS = ("ADD", "PUT", "DELETE")
_SETS = ("SS", "NS", "BS")
ARITHMETIC = Context(prec=300)  # Enough for 10**125 plus 10**-130, so no sum is rounded.


def check_action(name: str, update: dict[str, Any]) -> None:
    """Refuse an action that AWS doesn't know, or doesn't allow for the type of the value."""
    action, value = update.get("Action", "PUT"), update.get("Value")
    if action not in _ACTIONS:
        raise invalid_parameter(f"Unknown action {action} for Attribute: {name}")
    if value is None:
        if action != "DELETE":
            raise invalid_parameter(
                "Only DELETE action is allowed when no attribute value is specified for Attribute:"
                f" {name}"
            )
        return
    kind = next(iter(value))
    if action == "DELETE" and kind not in _SETS:
        raise invalid_parameter(f"DELETE action with value is not supported for the type {kind}")
    if action == "ADD" and kind not in (*_SETS, "N", "L"):
        raise invalid_parameter(f"ADD action is not supported for the type {kind}")


def updated(item: Item, updates: dict[str, dict[str, Any]]) -> Item:
    """The item after these updates, which `check_action` must have passed."""
    after = dict(item)
    for name, update in updates.items():
        action, value = update.get("Action", "PUT"), update.get("Value")
        there = after.get(name)
        if action != "PUT" and value is not None and there is not None:
            value = _combined(there, value, action)
        elif action == "DELETE":
            value = None
        after.pop(name, None)
        if value is not None:
            after[name] = value
    return after


def _combined(there: Value, value: Value, action: str) -> Value | None:
    ((kind, old),), ((other, new),) = there.items(), value.items()
    if kind != other:
        raise invalid("Type mismatch for attribute to update")
    if kind == "N":
        return {"N": stored_number(str(ARITHMETIC.add(Decimal(old), Decimal(new))))}
    if action == "DELETE":
        left = [member for member in old if member not in new]
        return {kind: left} if left else None
    if kind == "L":
        return {"L": old + new}
    return {kind: old + [member for member in new if member not in old]}
