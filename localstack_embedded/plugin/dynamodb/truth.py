"""Whether a condition holds for an item.

Values of different types are never equal, and have no order.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from .operands import At, Function, Given, Operand, Operator, Path
from .values import Item, Value

_ORDERS = {"<": lt, "<=": le, ">": gt, ">=": ge}
_ORDERED = ("S", "N", "B")
_SIZED = ("S", "B", "SS", "NS", "BS", "L", "M")

Typed = tuple[str, Any]


def holds(condition: Operand, item: Item | None) -> bool:
    """Whether a condition parsed by `grammar` holds; `item` is None if there is no item."""
    match condition:
        case Operator("NOT", (one,)):
            return not holds(one, item)
        case Operator("AND", (one, other)):
            return holds(one, item) and holds(other, item)
        case Operator("OR", (one, other)):
            return holds(one, item) or holds(other, item)
        case Operator(sign, (one, other)):
            return _compare(sign, _typed(one, item), _typed(other, item))
        case Function(name, operands):
            return _function_holds(name, [_typed(operand, item) for operand in operands])
    raise AssertionError(condition)


def _function_holds(name: str, operands: Sequence[Typed | None]) -> bool:
    value, *others = operands
    match name:
        case "attribute_exists":
            return value is not None
        case "attribute_not_exists":
            return value is None
        case "BETWEEN":
            least, most = others
            return _compare(">=", value, least) and _compare("<=", value, most)
        case "IN":
            return value is not None and value in others
    (other,) = others
    if value is None or other is None:
        return False
    if name == "attribute_type":
        return bool(other[1] == value[0])
    if name == "begins_with":
        is_alike = value[0] == other[0] and value[0] in ("S", "B")
        return is_alike and bool(value[1].startswith(other[1]))
    return _contains(value, other)


def _compare(sign: str, one: Typed | None, other: Typed | None) -> bool:
    if sign in ("=", "<>"):
        return (one is not None and one == other) == (sign == "=")
    if one is None or other is None or one[0] != other[0] or one[0] not in _ORDERED:
        return False
    return bool(_ORDERS[sign](one[1], other[1]))


def _contains(value: Typed, other: Typed) -> bool:
    kind, content = value
    if kind in ("S", "B"):
        return other[0] == kind and other[1] in content
    return kind in ("L", "SS", "NS", "BS") and other in content


def _typed(operand: Operand, item: Item | None) -> Typed | None:
    """An operand's type and value for the item; None if it has none."""
    match operand:
        case Function("size", (inner,)):
            sized = _typed(inner, item)
            return ("N", Decimal(_size(*sized))) if sized and sized[0] in _SIZED else None
        case At(path):
            found = _found(path, item)
            return None if found is None else _comparable(found)
        case Given(value):
            return _comparable(value)
    raise AssertionError(operand)


def _found(path: Path, item: Item | None) -> Value | None:
    found = (item or {}).get(str(path[0]))
    for step in path[1:]:
        if found is None:
            return None
        ((kind, content),) = found.items()
        if kind == "M" and isinstance(step, str):
            found = content.get(step)
        elif kind == "L" and isinstance(step, int):
            found = content[step] if step < len(content) else None
        else:
            return None
    return found


def _size(kind: str, content: Any) -> int:
    return len(content.encode() if kind == "S" else content)


def _comparable(value: Value) -> Typed:
    ((kind, content),) = value.items()
    if kind == "N":
        content = Decimal(content)
    elif kind == "B":
        content = b64decode(content)
    elif kind in ("SS", "NS", "BS"):
        content = frozenset(_comparable({kind[0]: member}) for member in content)
    elif kind == "L":
        content = [_comparable(member) for member in content]
    elif kind == "M":
        content = {name: _comparable(member) for name, member in content.items()}
    return kind, content
