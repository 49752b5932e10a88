"""The parts of an expression, and checks of their types, as in "Expressions in DynamoDB"."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from .errors import Refused, invalid
from .values import Value

Path = tuple[str | int, ...]
"""The name of an attribute, followed by names of map entries and indexes into lists."""

_MAX_IN = 100
_ORDERS = ("<", "<=", ">", ">=", "BETWEEN")
_ORDERED = ("S", "N", "B")
_OF_PATHS = ("attribute_exists", "attribute_not_exists", "if_not_exists")
_IN_UPDATES = ("if_not_exists", "list_append")
_TYPES = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")
_SETS = {"SS": "STRING_SET", "NS": "NUMBER_SET", "BS": "BINARY_SET"}
_NAMES = {"S": "STRING", "N": "NUMBER", "B": "BINARY", "M": "MAP", "L": "LIST", "BOOL": "BOOLEAN"}


class At(NamedTuple):
    """The value at a path in the item."""

    path: Path


class Given(NamedTuple):
    """A value that the request gives."""

    value: Value

    @property
    def kind(self) -> str:
        """The type of the value."""
        return next(iter(self.value))


class Function(NamedTuple):
    """A function call; also BETWEEN and IN."""

    name: str
    operands: tuple[Any, ...]


class Operator(NamedTuple):
    """A comparison, AND, OR, or NOT; in an update, + or -."""

    sign: str
    operands: tuple[Any, ...]


Operand = At | Given | Function | Operator


class Change(NamedTuple):
    """A single change that an update makes."""

    action: Literal["SET", "REMOVE", "ADD", "DELETE"]
    path: Path
    operand: Operand | None = None


def faulty(kind: str, what: str) -> Refused:
    """The error for an invalid expression."""
    return invalid(f"Invalid {kind}: {what}")


def shown(path: Path) -> str:
    """A path as AWS shows it."""
    return f"[{', '.join(f'[{step}]' if isinstance(step, int) else step for step in path)}]"


def check_call(kind: str, call: Function | Operator) -> None:
    """Refuse operands that are invalid for the function or operator regardless of the item."""
    name, operands = call
    first, *others = operands
    if name in _OF_PATHS and not isinstance(first, At):
        raise faulty(
            kind, f"Operator or function requires a document path; operator or function: {name}"
        )
    if isinstance(first, At) and first in others and name not in _IN_UPDATES:
        raise faulty(
            kind,
            "The first operand must be distinct from the remaining operands for this operator"
            f" or function; operator: {name}, first operand: {shown(first.path)}",
        )
    if name in _ORDERS:
        check_given(kind, name, operands, _ORDERED)
    elif name == "begins_with":
        check_given(kind, name, operands, ("S", "B"))
    elif name == "list_append":
        check_given(kind, name, operands, ("L",))
    elif name == "size":
        check_given(kind, name, operands, ("S", "B", "SS", "NS", "BS", "L", "M"))
    elif name == "attribute_type":
        _check_type(kind, name, others[0])
    elif name == "IN" and len(others) > _MAX_IN:
        raise faulty(
            kind,
            "The IN operator is provided with too many operands; number of operands:"
            f" {len(others)}",
        )
    if name == "BETWEEN":
        _check_bounds(kind, *others)


def _check_type(kind: str, name: str, operand: Operand) -> None:
    if not isinstance(operand, Given):
        raise faulty(kind, "Syntax error; the type must be an expression attribute value")
    check_given(kind, name, (operand,), ("S",))
    if operand.value["S"] not in _TYPES:
        raise faulty(
            kind,
            f"Invalid attribute type name found; type: {operand.value['S']},"
            f" valid types: {{{','.join(_TYPES)}}}",
        )


def check_given(kind: str, name: str, operands: Sequence[Any], kinds: Sequence[str]) -> None:
    for operand in operands:
        if isinstance(operand, Given) and operand.kind not in kinds:
            raise faulty(
                kind,
                "Incorrect operand type for operator or function; operator or function:"
                f" {name}, operand type: {operand.kind}",
            )


def _check_bounds(kind: str, least: Operand, most: Operand) -> None:
    if not (isinstance(least, Given) and isinstance(most, Given)):
        return
    told = ", ".join(
        f"{which} bound operand: AttributeValue: {{{operand.kind}:{operand.value[operand.kind]}}}"
        for which, operand in (("lower", least), ("upper", most))
    )
    if least.kind != most.kind:
        raise faulty(
            kind, f"The BETWEEN operator requires same data type for lower and upper bounds; {told}"
        )
    if is_beyond(least.value, most.value):
        raise faulty(
            kind,
            "The BETWEEN operator requires upper bound to be greater than or equal to lower"
            f" bound; {told}",
        )


def is_beyond(one: Value, other: Value) -> bool:
    """Whether a value is greater than another of the same type, a string, number, or binary."""
    ((kind, content),) = one.items()
    read: Any = {"N": Decimal, "B": b64decode}.get(kind, str)
    return bool(read(content) > read(other[kind]))


def check_changed(kind: str, action: str, operand: Given) -> None:
    """Refuse a value of a type that ADD or DELETE doesn't allow."""
    if operand.kind not in _SETS and (action == "DELETE" or operand.kind != "N"):
        name = {**_NAMES, **_SETS}.get(operand.kind, operand.kind)
        raise faulty(
            kind,
            "Incorrect operand type for operator or function;"
            f" operator: {action}, operand type: {name}",
        )
