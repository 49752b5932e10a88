"""Whether an item meets the conditions of a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import invalid_parameter, unconstrained
from .grammar import parse_condition, tokens_of
from .operands import At, Function, Given, Operand, Operator
from .requests import Request
from .truth import holds
from .values import Item

Condition = Callable[[Item | None], bool]

_SIGNS = {"EQ": "=", "NE": "<>", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_FUNCTIONS = {"NOT_NULL": "attribute_exists", "NULL": "attribute_not_exists"} | {
    name: name.lower() for name in ("BEGINS_WITH", "CONTAINS")
}
# The number of values that each takes, unless it is one.
_VALUES = {"NULL": 0, "NOT_NULL": 0, "BETWEEN": 2}
_OPERATORS = (*_SIGNS, *_FUNCTIONS, "NOT_CONTAINS", "BETWEEN", "IN")


def condition(request: Request, expression: str, old: str) -> Condition:
    """The request's condition, from an expression or from old parameters; raises Refused."""
    if request.get(expression) is not None:
        return _parsed(request, expression)
    expected: Mapping[str, Any] = request.get(old) or {}
    conditions = [_of_old(name, wanted) for name, wanted in expected.items()]
    together = any if expected and request.get("ConditionalOperator") == "OR" else all
    return lambda item: together(holds(one, item) for one in conditions)


def _parsed(request: Request, expression: str) -> Condition:
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    tokens = list(tokens_of(expression, request[expression]))
    found = parse_condition(expression, tokens, names, values)
    return lambda item: holds(found, item)


def _of_old(name: str, wanted: Mapping[str, Any]) -> Operand:
    """A condition from the parameters that predate expressions."""
    there, operator = At((name,)), wanted.get("ComparisonOperator")
    values = [Given(value) for value in wanted.get("AttributeValueList") or ()]
    if operator is None:
        value = wanted.get("Value")
        exists = wanted.get("Exists", True)
        if (value is None) == exists:
            must = "must be provided" if exists else "cannot be used"
            raise invalid_parameter(
                f"Value {must} when Exists is {str(exists).lower()} for Attribute: {name}"
            )
        if value is None:
            return Function("attribute_not_exists", (there,))
        operator, values = "EQ", [Given(value)]
    if operator not in _OPERATORS:
        enumerated = f"satisfy enum value set: [{', '.join(_OPERATORS)}]"
        raise unconstrained(operator, "comparisonOperator", enumerated)
    if not values if operator == "IN" else len(values) != _VALUES.get(operator, 1):
        raise invalid_parameter(
            f"Invalid number of argument(s) for the {operator} ComparisonOperator"
        )
    if operator in _SIGNS:
        return Operator(_SIGNS[operator], (there, *values))
    if operator == "NOT_CONTAINS":
        return Operator("NOT", (Function("contains", (there, *values)),))
    return Function(_FUNCTIONS.get(operator, operator), (there, *values))
