"""The errors that requests are refused with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """An AWS error to answer the request with; `more` are further members of the answer."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.more: Mapping[str, Any] = more


def invalid(message: str) -> Refused:
    """The error that most faulty requests get."""
    return Refused("ValidationException", message)


def invalid_parameter(message: str) -> Refused:
    """The same error, with the prefix that AWS uses for faulty values."""
    return invalid(f"One or more parameter values were invalid: {message}")


def unconstrained(
    value: object, where: str, constraint: str, *, subject: str = "Member"
) -> Refused:
    """The error for a member of the request that breaks a constraint of AWS's own model."""
    shown = "null" if value is None else f"'{value}'"
    return invalid(
        f"1 validation error detected: Value {shown} at '{where}' failed to satisfy constraint:"
        f" {subject} must {constraint}"
    )


def not_found(what: str = "Requested resource not found") -> Refused:
    """The error for a table, stream, or shard that doesn't exist."""
    return Refused("ResourceNotFoundException", what)


def check_range(number: int, where: str, least: int, most: int | None) -> None:
    """Refuse a number below `least` or above `most`; None means no upper limit."""
    if number < least:
        raise unconstrained(number, where, f"have value greater than or equal to {least}")
    if most is not None and number > most:
        raise unconstrained(number, where, f"have value less than or equal to {most}")
