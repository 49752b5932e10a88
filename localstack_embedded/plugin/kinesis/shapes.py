"""Checks a call's arguments against the Kinesis model, with AWS's error messages.

The model is botocore's, plus what is newer than LocalStack's botocore, from `newer`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from .errors import KinesisError, malformed
from .newer import NEWER_OPERATIONS, NEWER_SHAPES

_MOST = 10  # violations that AWS lists
_NUMBERS = ("integer", "long")
_FURTHEST = 10**13  # seconds since 1970, beyond any date


class Shapes:
    """The arguments that each operation accepts."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._shapes: dict[str, Any] = {**model["shapes"]}
        for name, shape in NEWER_SHAPES.items():
            older = self._shapes.get(name, {})
            members = {**older.get("members", {}), **shape.get("members", {})}
            self._shapes[name] = {**older, **shape, "members": members}
        self._inputs = {name: it["input"]["shape"] for name, it in model["operations"].items()}
        self._inputs.update({name: it["input"]["shape"] for name, it in NEWER_OPERATIONS.items()})

    def check(self, operation: str, arguments: object) -> dict[str, Any]:
        """The arguments without null values; raises KinesisError."""
        name = self._inputs.get(operation)
        if name is None:
            return {}
        if not isinstance(arguments, Mapping):
            raise _not_serializable("Start of list found where not expected")
        self._check_type(name, arguments)
        violations = []
        for violation in self._violations(name, arguments, ""):
            violations.append(violation)
            if len(violations) == _MOST:
                break
        if violations:
            errors = "error" if len(violations) == 1 else "errors"
            found = "; ".join(violations)
            raise malformed(f"{len(violations)} validation {errors} detected: {found}")
        return {key: value for key, value in arguments.items() if value is not None} | {
            # AWS also accepts 1.5 for an integer, and truncates it.
            key: int(value)
            for key, value in arguments.items()
            if isinstance(value, float) and self._is_integer(name, key)
        }

    def _is_integer(self, name: str, member: str) -> bool:
        reference = self._shapes[name]["members"].get(member)
        return reference is not None and self._shapes[reference["shape"]]["type"] in _NUMBERS

    def _check_type(self, name: str, value: Any) -> None:
        shape = self._shapes[name]
        kind = shape["type"]
        if kind == "structure":
            if not isinstance(value, Mapping):
                raise _unexpected(value, "Expected null")
            for member, reference in shape["members"].items():
                if value.get(member) is not None:
                    self._check_type(reference["shape"], value[member])
        elif kind == "list":
            if not isinstance(value, list):
                raise _unexpected(value, "Expected list or null")
            for item in value:
                if item is not None:
                    self._check_type(shape["member"]["shape"], item)
        elif kind == "map":
            if not isinstance(value, Mapping):
                raise _unexpected(value, "Expected map or null")
            for item in value.values():
                if item is not None:
                    self._check_type(shape["value"]["shape"], item)
        else:
            _check_scalar(kind, value)

    def _violations(self, name: str, value: Mapping[str, Any], path: str) -> Iterator[str]:
        """What is wrong with a structure's members."""
        shape = self._shapes[name]
        required = shape.get("required", ())
        for member, reference in shape["members"].items():
            where = f"{path}{member[0].lower()}{member[1:]}"
            if (found := value.get(member)) is not None:
                yield from self._of_member(reference["shape"], found, where)
            elif member in required:
                yield _null(where)

    def _of_member(self, name: str, value: Any, where: str) -> Iterator[str]:
        shape = self._shapes[name]
        if shape["type"] == "blob":
            value = as_bytes(value)
        for constraint in _unmet(shape, value):
            shown = self._shown(shape, value)
            yield f"Value '{shown}' at '{where}' failed to satisfy constraint: {constraint}"
        if shape["type"] == "structure":
            yield from self._violations(name, value, f"{where}.")
        elif shape["type"] == "list":
            yield from self._of_items(shape, value, where)
        elif shape["type"] == "map":
            yield from self._of_entries(shape, value, where)

    def _shown(self, shape: Mapping[str, Any], value: Any) -> str:
        """A value as a message shows it; for structures in a list, only their type's name."""
        member = shape.get("member", {}).get("shape")
        if member and self._shapes[member]["type"] == "structure":
            return _shown([member] * len(value))
        return _shown(value)

    def _of_items(self, shape: Mapping[str, Any], value: list[Any], where: str) -> Iterator[str]:
        member = shape["member"]["shape"]
        item_shape = self._shapes[member]
        if item_shape["type"] == "structure":
            for number, item in enumerate(value, 1):
                if item is None:
                    yield _null(f"{where}.{number}.member")
                else:
                    yield from self._violations(member, item, f"{where}.{number}.member.")
        elif any(any(_unmet(item_shape, item)) for item in value):
            yield (
                f"Value '{_shown(value)}' at '{where}' failed to satisfy constraint:"
                f" Member must satisfy constraint: {_all_of(item_shape)}"
            )

    def _of_entries(
        self, shape: Mapping[str, Any], value: Mapping[str, Any], where: str
    ) -> Iterator[str]:
        yield from (_null(f"{where}.{key}.member") for key, item in value.items() if item is None)
        for what, part, found in (
            ("Map keys", "key", list(value)),
            ("Map value", "value", list(value.values())),
        ):
            part_shape = self._shapes[shape[part]["shape"]]
            if any(any(_unmet(part_shape, item)) for item in found if item is not None):
                yield (
                    f"Value '{_shown(value)}' at '{where}' failed to satisfy constraint:"
                    f" {what} must satisfy constraint: {_all_of(part_shape)}"
                )


def as_bytes(value: str | bytes) -> bytes:
    """A blob's bytes, decoded if it is in base64, as in JSON; raises KinesisError."""
    if isinstance(value, bytes):
        return value
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError as error:
        raise _not_serializable(f"The value can not be converted to a Blob: {error}") from error


def _check_scalar(kind: str, value: Any) -> None:
    if isinstance(value, (list, tuple)):
        raise _not_serializable("Start of list found where not expected")
    if isinstance(value, Mapping):
        raise _not_serializable("Start of structure or map found where not expected.")
    if isinstance(value, float) and not isfinite(value):
        raise _not_serializable(f"{value} can not be converted to a {kind.capitalize()}")
    fits = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "blob": isinstance(value, (str, bytes)),
        "timestamp": isinstance(value, (int, float, datetime)) and not isinstance(value, bool),
    }.get(kind, isinstance(value, (int, float)) and not isinstance(value, bool))
    if not fits:
        article = "an" if kind in _NUMBERS else "a"
        raise _not_serializable(
            f"{_kind_of(value)}_VALUE can not be converted to {article} {kind.capitalize()}"
        )
    if kind == "blob":
        as_bytes(value)
    if kind == "timestamp" and not isinstance(value, datetime) and abs(value) > _FURTHEST:
        raise _not_serializable("The value can not be converted to a Timestamp")


def _unexpected(value: object, otherwise: str) -> KinesisError:
    if isinstance(value, list):
        return _not_serializable("Start of list found where not expected")
    if isinstance(value, Mapping):
        return _not_serializable("Start of structure or map found where not expected.")
    return _not_serializable(otherwise)


def _not_serializable(message: str) -> KinesisError:
    return KinesisError("SerializationException", message)


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return "NUMBER" if isinstance(value, (int, float)) else "STRING"


def _null(where: str) -> str:
    return f"Value null at '{where}' failed to satisfy constraint: Member must not be null"


def _unmet(shape: Mapping[str, Any], value: Any) -> Iterator[str]:
    """The constraints of a shape that a value of its type violates."""
    constraints = _constraints(shape)
    measure = value if shape["type"] in _NUMBERS else _length(value)
    if "min" in shape and measure < shape["min"]:
        yield constraints["min"]
    if "max" in shape and measure > shape["max"]:
        yield constraints["max"]
    if "pattern" in constraints and not re.fullmatch(shape["pattern"], value, re.ASCII):
        yield constraints["pattern"]
    if "enum" in constraints and value not in shape["enum"]:
        yield constraints["enum"]


def _constraints(shape: Mapping[str, Any]) -> dict[str, str]:
    what = "value" if shape["type"] in _NUMBERS else "length"
    found = {}
    if "max" in shape:
        found["max"] = f"Member must have {what} less than or equal to {shape['max']}"
    if "min" in shape:
        found["min"] = f"Member must have {what} greater than or equal to {shape['min']}"
    if "pattern" in shape:
        pattern = shape["pattern"]
        found["pattern"] = f"Member must satisfy regular expression pattern: {pattern}"
    if "enum" in shape:
        found["enum"] = f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"
    return found


def _all_of(shape: Mapping[str, Any]) -> str:
    return f"[{', '.join(_constraints(shape).values())}]"


def _length(value: Any) -> int:
    if isinstance(value, (str, bytes, list, Mapping)):
        return len(value)
    return 0


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}={_shown(item)}' for key, item in value.items())}}}"
    return str(value)
