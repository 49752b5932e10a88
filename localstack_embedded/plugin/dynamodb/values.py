"""Checks of attribute values, and their sizes.

Values are in DynamoDB JSON, such as {"S": "text"}. A check converts numbers in place to the form in
which AWS stores and returns them. The limits are AWS's, from "Quotas in Amazon DynamoDB"; sizes
follow "DynamoDB item sizes and formats".
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from .errors import Refused, invalid, invalid_parameter

Value = dict[str, Any]
Item = dict[str, Value]

MAX_ITEM_BYTES = 400 * 1024
_MAX_LEVELS = 32
_MAX_DIGITS = 38
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_TYPES: dict[str, Any] = {
    **dict.fromkeys(["S", "N", "B"], str),
    **dict.fromkeys(["SS", "NS", "BS", "L"], list),
    **dict.fromkeys(["BOOL", "NULL"], bool),
    "M": dict,
}


def check_item(item: Item) -> int:
    """Check an item and convert its numbers; returns its size in bytes, or raises Refused."""
    return sum(utf8_size(name) + check_value(value) for name, value in item.items())


def item_size(item: Mapping[str, Value]) -> int:
    """The size in bytes of an item whose numbers are already in their stored form."""
    return sum(utf8_size(name) + _size(value) for name, value in item.items())


def check_value(value: Value, level: int = 1) -> int:
    """Check a value and convert its numbers; returns its size in bytes, or raises Refused."""
    if not isinstance(value, dict):
        raise unreadable(value)
    if len(value) != 1 or not value.keys() <= _TYPES.keys():
        raise invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of"
            " the supported datatypes"
            if value
            else "Supplied AttributeValue is empty, must contain exactly one of the supported"
            " datatypes"
        )
    if level > _MAX_LEVELS:
        raise invalid(
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested"
            " levels beyond supported limit"
        )
    kind: str
    content: Any
    ((kind, content),) = value.items()
    if type(content) is not _TYPES[kind]:
        raise unreadable(content)
    if kind == "S":
        return utf8_size(content)
    if kind == "N":
        value[kind] = stored_number(content)
    elif kind in ("SS", "NS", "BS"):
        value[kind] = _checked_set(kind, content)
    elif kind == "M":
        members = sum(
            1 + utf8_size(name) + check_value(content[name], level + 1) for name in content
        )
        return 3 + members
    elif kind == "L":
        return 3 + sum(1 + check_value(member, level + 1) for member in content)
    elif kind == "NULL" and content is not True:
        raise invalid_parameter("Null attribute value types must have the value of true")
    return _size(value)


def stored_number(text: str) -> str:
    """The number as AWS stores it: at most 38 digits, without an exponent; raises Refused."""
    if len(text) <= _MAX_DIGITS and text.isascii() and text.isdigit() and text[0] != "0":
        return text
    if not text:
        raise invalid("The parameter cannot be converted to a numeric value")
    if not _NUMBER.fullmatch(text):
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    try:
        sign, digits, exponent = Decimal(text).as_tuple()
    except InvalidOperation:  # The exponent alone is out of range.
        sign, digits, exponent = 0, (1,), -1000 if "-" in text[1:] else 1000
    assert isinstance(exponent, int)
    significant = "".join(map(str, digits)).strip("0")
    if not significant:
        return "0"
    magnitude = len("".join(map(str, digits)).lstrip("0")) + exponent - 1
    if magnitude > 125:
        raise invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported"
            " range"
        )
    if magnitude < -130:
        raise invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported"
            " range"
        )
    if len(significant) > _MAX_DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    exact = Decimal((sign, tuple(map(int, significant)), magnitude - len(significant) + 1))
    return f"{exact:f}"


def utf8_size(text: str) -> int:
    """The size of a text in bytes, as AWS counts it."""
    if text.isascii():
        return len(text)
    # JSON may contain unpaired surrogates.
    return len(text.encode(errors="surrogatepass"))


def _checked_set(kind: str, members: list[str]) -> list[str]:
    if not members:
        empty = {
            "SS": "An string set  may not be empty",
            "NS": "An number set  may not be empty",
            "BS": "Binary sets should not be empty",
        }
        raise invalid_parameter(empty[kind])
    for member in members:
        if not isinstance(member, str):
            raise unreadable(member)
    if kind == "NS":
        members = [stored_number(number) for number in members]
    if len(set(members)) < len(members):
        if kind == "NS":
            raise invalid("Input collection contains duplicates")
        shown = f"Input collection [{', '.join(members)}]"
        of_type = "of type BS contains" if kind == "BS" else " contains"
        raise invalid_parameter(f"{shown}{of_type} duplicates.")
    return members


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return utf8_size(content)
        case "N":
            return _number_size(content)
        case "B":
            return _binary_size(content)
        case "SS" | "NS" | "BS":
            return sum(_size({kind[0]: member}) for member in content)
        case "M":
            return 3 + sum(1 + utf8_size(name) + _size(member) for name, member in content.items())
        case "L":
            return 3 + sum(1 + _size(member) for member in content)
    return 1


def _number_size(number: str) -> int:
    """A byte for each two significant digits, plus one, and another for a minus sign."""
    if number == "0":
        return 1
    whole, _, fraction = number.lstrip("-").partition(".")
    # Digits are paired from the decimal point outward.
    whole = whole.rjust(len(whole) + len(whole) % 2, "0")
    pairs = re.findall("..", whole + fraction.ljust(len(fraction) + len(fraction) % 2, "0"))
    while len(pairs) > 1 and pairs[-1] == "00":
        pairs.pop()
    while len(pairs) > 1 and pairs[0] == "00":
        del pairs[0]
    return 1 + len(pairs) + number.startswith("-")


def _binary_size(encoded: str | bytes) -> int:
    try:
        return len(b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise Refused(
            "SerializationException",
            "Invalid binary value: values of types B and BS must be Base64-encoded",
        ) from None


def unreadable(content: object) -> Refused:
    """The error for JSON of the wrong type, such as a number where a string is expected."""
    is_number = isinstance(content, int) and not isinstance(content, bool)
    what = "NUMBER_VALUE cannot be converted to String" if is_number else "Unexpected field type"
    return Refused("SerializationException", what)
