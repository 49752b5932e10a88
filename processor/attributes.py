"""Converts an item to DynamoDB's wire format, or says why DynamoDB would refuse it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from processor.errors import Reason, Rejected

if TYPE_CHECKING:
    from processor.key import Attribute, Item, Key, KeyValue

# DynamoDB, "Service, account, and table quotas": an item's size is that of its attribute names
# and values in UTF-8.
MAX_ITEM_BYTES = 400 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 38
# A number's power of ten, from 1E-130 to below 1E+126.
MIN_EXPONENT, MAX_EXPONENT = -130, 125

_CONTAINER_BYTES = 3
_LONGEST_NAME = 50  # characters of a name that a message quotes


def wire_form(item: object, key: Key) -> tuple[Item, KeyValue]:
    """Convert a plain Python item, and get its key; raises Rejected if DynamoDB would refuse it.

    Otherwise DynamoDB would refuse the 24 other items of its call too.
    """
    if not isinstance(item, dict):
        raise Rejected(Reason.BAD_ITEM, f"what to_item returned is {_kind(item)}, not a dict")
    wire: Item = {}
    size = 0
    for name, value in item.items():
        if type(name) is not str or not name:
            raise Rejected(Reason.BAD_ITEM, f"an attribute's name is {_kind(name)}")
        size += len(name) if name.isascii() else _utf8_length("an attribute's name", name)
        if type(value) is str:
            wire[name] = {"S": value}
            size += len(value) if value.isascii() else _utf8_length(name, value)
        else:
            wire[name], bytes_of_it = _attribute(name, value, 1)
            size += bytes_of_it
    value_of_key = key.value(wire)
    if size > MAX_ITEM_BYTES:
        raise Rejected(Reason.ITEM_TOO_LARGE, f"the item has {size} bytes")
    return wire, value_of_key


def item_size(item: dict[str, object]) -> int:
    """The bytes that DynamoDB counts for an item."""
    return _map("the item", item, 0)[1] - _CONTAINER_BYTES - len(item)


def _attribute(name: str, value: object, depth: int) -> tuple[Attribute, int]:
    """A value with its type, and its size in bytes."""
    if depth > MAX_DEPTH:
        raise Rejected(Reason.BAD_ITEM, f"{_short(name)} is nested too deeply")
    match value:
        case None:
            return {"NULL": True}, 1
        case bool():
            return {"BOOL": value}, 1
        case str():
            return {"S": value}, _utf8_length(name, value)
        case int() | float() | Decimal():
            return _number(name, value)
        case bytes():
            return {"B": value}, len(value)
        case list() | tuple():
            each = [_attribute(name, inside, depth + 1) for inside in value]
            size = sum(1 + size for _, size in each)
            return {"L": [attribute for attribute, _ in each]}, _CONTAINER_BYTES + size
        case dict():
            return _map(name, value, depth)
    raise Rejected(Reason.BAD_ITEM, f"{_short(name)} is {_kind(value)}")


def _map(name: str, value: dict[Any, object], depth: int) -> tuple[Attribute, int]:
    members: Item = {}
    size = _CONTAINER_BYTES
    for inner, inside in value.items():
        if not isinstance(inner, str):
            raise Rejected(Reason.BAD_ITEM, f"a name within {_short(name)} is {_kind(inner)}")
        members[inner], bytes_of_it = _attribute(inner, inside, depth + 1)
        size += 1 + _utf8_length(name, inner) + bytes_of_it
    return {"M": members}, size


def _number(name: str, value: float | Decimal) -> tuple[Attribute, int]:
    """A number in canonical form, so that equal numbers look the same."""
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if not number.is_finite():
        raise Rejected(Reason.BAD_ITEM, f"{_short(name)} is a number without a value")
    if not number:
        return {"N": "0"}, 1
    digits = number.as_tuple().digits
    significant = len("".join(map(str, digits)).strip("0"))
    if significant > MAX_DIGITS or not MIN_EXPONENT <= number.adjusted() <= MAX_EXPONENT:
        raise Rejected(Reason.BAD_ITEM, f"{_short(name)} has more digits than a number can have")
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    # Two digits a byte, plus one byte.
    return {"N": text}, (significant + 1) // 2 + 1


def _utf8_length(name: str, value: str) -> int:
    try:
        return len(value.encode())
    except UnicodeEncodeError as error:
        # JSON may carry half of a surrogate pair ("\ud800"); UTF-8 can't.
        detail = f"{_short(name)} holds a lone surrogate"
        raise Rejected(Reason.NOT_UNICODE, detail) from error


def _short(name: str) -> str:
    return name[:_LONGEST_NAME]


def _kind(value: object) -> str:
    """Describe a value without quoting it."""
    return "empty" if value == "" else f"of type {type(value).__name__}"
