"""The rules that a filter pattern can have for a field's value, each as a test."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

Test = Callable[[Any], bool]

ABSENT = object()
_LARGEST = 5 * 10**9  # https://github.com/aws/event-ruler: numbers from -5e9 to 5e9
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class InvalidPattern(Exception):
    """AWS rejects this filter pattern; the message says why."""


def rule(expected: Any) -> Test:
    """The test of a rule, which is a value or an object with an operator."""
    if not isinstance(expected, dict):
        return _equals(expected)
    if len(expected) != 1:
        raise InvalidPattern("a rule has one operator")
    ((name, operand),) = expected.items()
    if name not in _OPERATORS:
        raise InvalidPattern(f"there is no operator {name!r}")
    return _OPERATORS[name](operand)


def _equals(expected: Any) -> Test:
    if isinstance(expected, list):
        raise InvalidPattern("a rule is a string, a number, true, false, null or an operator")
    if _is_number(expected):
        return lambda value: _is_number(value) and value == expected
    return lambda value: type(value) is type(expected) and value == expected


def _exists(operand: Any) -> Test:
    if not isinstance(operand, bool):
        raise InvalidPattern("exists is true or false")
    return lambda value: (value is not ABSENT) is operand


def _text(method: Callable[[str, str], bool], *, in_other_case: bool = True) -> Callable[..., Test]:
    """A rule for strings; `in_other_case` if it also has a form that ignores case."""

    def rule_of(operand: Any) -> Test:
        if in_other_case and isinstance(operand, dict) and set(operand) == {"equals-ignore-case"}:
            wanted = _string(operand["equals-ignore-case"]).casefold()
            return lambda value: isinstance(value, str) and method(value.casefold(), wanted)
        wanted = _string(operand)
        return lambda value: isinstance(value, str) and method(value, wanted)

    return rule_of


def _string(operand: Any) -> str:
    if not isinstance(operand, str):
        raise InvalidPattern("the operator compares with a string")
    return operand


def _same_in_any_case(value: str, wanted: str) -> bool:
    return value.casefold() == wanted.casefold()


def _wildcard(operand: Any) -> Test:
    wanted = _string(operand)
    if "**" in wanted:
        raise InvalidPattern("two wildcard characters follow each other")
    shape = re.compile(".*".join(map(re.escape, wanted.split("*"))), re.DOTALL)
    return lambda value: isinstance(value, str) and shape.fullmatch(value) is not None


def _numeric(operand: Any) -> Test:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise InvalidPattern("numeric takes one or two comparisons")
    pairs = list(zip(operand[::2], operand[1::2], strict=True))
    for name, number in pairs:
        if not isinstance(name, str) or name not in _COMPARISONS:
            raise InvalidPattern(f"numeric doesn't know {name!r}")
        if not _is_number(number) or abs(number) > _LARGEST:
            raise InvalidPattern(f"numeric compares with numbers up to {_LARGEST}")
    if len(pairs) > 1:
        (lower, bottom), (upper, top) = pairs
        if lower not in (">", ">=") or upper not in ("<", "<=") or bottom >= top:
            raise InvalidPattern("a range goes from its lower to its upper bound")
    tests = [(_COMPARISONS[name], number) for name, number in pairs]
    return lambda value: (
        _is_number(value) and all(compare(value, number) for compare, number in tests)
    )


def _cidr(operand: Any) -> Test:
    try:
        network = ip_network(_string(operand), strict=False)
    except ValueError as error:
        raise InvalidPattern("cidr is an address and a number of bits") from error

    def test(value: Any) -> bool:
        try:
            return isinstance(value, str) and ip_address(value) in network
        except ValueError:
            return False

    return test


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, dict):
        unwanted = _each_of(operand)
    else:
        values = operand if isinstance(operand, list) else [operand]
        if not values or any(isinstance(value, (dict, list)) for value in values):
            raise InvalidPattern("anything-but takes values or one operator on strings")
        unwanted = [_equals(value) for value in values]
    return lambda value: value is not ABSENT and not any(test(value) for test in unwanted)


def _each_of(operand: dict[str, Any]) -> list[Test]:
    if len(operand) != 1:
        raise InvalidPattern("anything-but takes one operator")
    ((name, wanted),) = operand.items()
    if name not in _EXCLUDED or wanted in ("", []):
        raise InvalidPattern(f"anything-but doesn't take {name!r} like this")
    return [_EXCLUDED[name](each) for each in (wanted if isinstance(wanted, list) else [wanted])]


_EXCLUDED: dict[str, Callable[[Any], Test]] = {
    "prefix": _text(str.startswith, in_other_case=False),
    "suffix": _text(str.endswith, in_other_case=False),
    "equals-ignore-case": _text(_same_in_any_case, in_other_case=False),
    "wildcard": _wildcard,
}
_OPERATORS: dict[str, Callable[[Any], Test]] = {
    "prefix": _text(str.startswith),
    "suffix": _text(str.endswith),
    "equals-ignore-case": _text(_same_in_any_case, in_other_case=False),
    "wildcard": _wildcard,
    "exists": _exists,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
