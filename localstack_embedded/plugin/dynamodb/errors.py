"""How a request is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """The request is answered with this error of AWS's, and with what else belongs to it."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.more: Mapping[str, Any] = more


def invalid(message: str) -> Refused:
    """What most faulty requests get."""
    return Refused("ValidationException", message)


def invalid_parameter(message: str) -> Refused:
    """The same, with the beginning that AWS gives to faults in values."""
    return invalid(f"One or more parameter values were invalid: {message}")


def unconstrained(
    value: object, where: str, constraint: str, *, subject: str = "Member"
) -> Refused:
    """A member of the request breaks a constraint of AWS's own model."""
    shown = "null" if value is None else f"'{value}'"
    return invalid(
        f"1 validation error detected: Value {shown} at '{where}' failed to satisfy constraint:"
        f" {subject} must {constraint}"
    )


def not_found(what: str = "Requested resource not found") -> Refused:
    """The table isn't there."""
    return Refused("ResourceNotFoundException", what)


def check_range(number: int, where: str, least: int, most: int | None) -> None:
    """Refuse a number out of its range, of which the end may be open."""
    if number < least:
        raise unconstrained(number, where, f"have value greater than or equal to {least}")
    if most is not None and number > most:
        raise unconstrained(number, where, f"have value less than or equal to {most}")
