"""Whether a condition holds for an item, once moto has parsed it.

moto compares values of any two types, which ends in errors or is true of a number and a boolean.
In DynamoDB, values of different types are different, and none comes before the other.
"""

from __future__ import annotations

from base64 import b64decode
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from moto.dynamodb.models.dynamo_type import Item as StoredItem

from .tables import plain_value
from .values import Value

_ORDERS = {"<": lt, "<=": le, ">": gt, ">=": ge}
_ORDERED = ("S", "N", "B")
_SIZED = ("S", "B", "SS", "NS", "BS", "L", "M")

Typed = tuple[str, Any]


def holds(condition: Any, item: StoredItem | None) -> bool:
    """The answer for one of moto's operators or functions."""
    match getattr(condition, "OP", None):
        case None:
            return _function_holds(condition, item)
        case "NONE":
            return True
        case "NOT":
            return not holds(condition.lhs, item)
        case "AND":
            return holds(condition.lhs, item) and holds(condition.rhs, item)
        case "OR":
            return holds(condition.lhs, item) or holds(condition.rhs, item)
        case sign:
            return _compare(sign, _typed(condition.lhs, item), _typed(condition.rhs, item))


def _function_holds(function: Any, item: StoredItem | None) -> bool:
    value, *others = (_typed(operand, item) for operand in function.arguments)
    match function.FUNC:
        case "attribute_exists":
            return value is not None
        case "BETWEEN":
            least, most = others
            return _compare(">=", value, least) and _compare("<=", value, most)
        case "IN":
            return value is not None and value in others
    (other,) = others
    if value is None or other is None:
        return False
    if function.FUNC == "attribute_type":
        return bool(other[1] == value[0])
    if function.FUNC == "begins_with":
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


def _typed(operand: Any, item: StoredItem | None) -> Typed | None:
    """What an operand is for the item, or None: an attribute, a value, or a size."""
    if getattr(operand, "FUNC", None) == "size":
        sized = _typed(operand.arguments[0], item)
        return ("N", Decimal(_size(*sized))) if sized and sized[0] in _SIZED else None
    if hasattr(operand, "path"):
        found = operand._get_attr(item)
        return None if found is None else _comparable(plain_value(found))
    return _comparable({operand.type: operand.value})


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
