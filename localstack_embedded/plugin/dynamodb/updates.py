"""Applies update expressions to items.

Operands, and indexes into lists, refer to the item before the update. Elements beyond the end of a
list are appended in the order of their indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from decimal import Decimal
from itertools import pairwise
from typing import Any

from .errors import Refused, invalid
from .old_updates import ARITHMETIC
from .operands import At, Change, Function, Given, Operand, Operator, Path
from .values import Item, Value, stored_number

_Container = dict[str, Any] | list[Any]
_Late = tuple[list[Value], int, Value]


def apply(changes: Sequence[Change], before: Item) -> Item:
    """The item after the changes, leaving `before` unmodified; raises Refused."""
    after = deepcopy(before)
    appended: list[_Late] = []
    removed: list[tuple[list[Value], int]] = []
    for action, path, operand in changes:
        container, step = _place_of(after, path)
        value = None if operand is None else deepcopy(_value(operand, before))
        there = _at(container, step)
        if action in ("ADD", "DELETE") and value is not None:
            value = _combined(there, value, action)
        if isinstance(container, dict):
            if value is None:
                container.pop(str(step), None)
            else:
                container[str(step)] = value
        elif value is None:
            removed.append((container, int(step)))
        elif there is None:
            appended.append((container, int(step), value))
        else:
            container[int(step)] = value
    for members, place in sorted(removed, key=lambda one: -one[1]):
        del members[place : place + 1]
    for members, _place, value in sorted(appended, key=lambda one: one[1]):
        members.append(value)
    return after


def _place_of(item: Item, path: Path) -> tuple[_Container, str | int]:
    """The map or list that contains the end of a path, and the last step; raises Refused."""
    container: Any = item
    for step, following in pairwise(path):
        found = _at(container, step) or {}
        container = found.get("M" if isinstance(following, str) else "L")
        if container is None:
            raise invalid(
                "The document path provided in the update expression is invalid for update"
            )
    return container, path[-1]


def _at(container: _Container, step: str | int) -> Value | None:
    found: Value | None
    if isinstance(container, dict):
        found = container.get(str(step))
    else:
        found = container[int(step)] if int(step) < len(container) else None
    return found


def _value(operand: Operand, item: Item) -> Value:
    match operand:
        case Given(value):
            return value
        case At(path):
            found = _read(item, path)
            if found is None:
                raise invalid(
                    "The provided expression refers to an attribute that does not exist in the item"
                )
            return found
        case Function("if_not_exists", (At(path), other)):
            return _read(item, path) or _value(other, item)
        case Function("list_append", (one, other)):
            return {"L": _content(one, "L", item) + _content(other, "L", item)}
        case Operator(sign, (one, other)):
            numbers = [Decimal(_content(each, "N", item)) for each in (one, other)]
            operation = ARITHMETIC.add if sign == "+" else ARITHMETIC.subtract
            return {"N": stored_number(f"{operation(*numbers)}")}
    raise AssertionError(operand)


def _content(operand: Operand, kind: str, item: Item) -> Any:
    value = _value(operand, item)
    if kind not in value:
        raise _wrong_type()
    return value[kind]


def _read(item: Item, path: Path) -> Value | None:
    try:
        return _at(*_place_of(item, path))
    except Refused:
        return None


def _combined(there: Value | None, value: Value, action: str) -> Value | None:
    """The result of ADD on a number or a set, or of DELETE on a set; None if nothing is left."""
    if there is None:
        return value if action == "ADD" else None
    ((kind, old),), ((other, new),) = there.items(), value.items()
    if kind != other:
        raise _wrong_type()
    if kind == "N":
        return {"N": stored_number(f"{ARITHMETIC.add(Decimal(old), Decimal(new))}")}
    if action == "ADD":
        return {kind: old + [member for member in new if member not in old]}
    left = [member for member in old if member not in new]
    return {kind: left} if left else None


def _wrong_type() -> Refused:
    return invalid("An operand in the update expression has an incorrect data type")
