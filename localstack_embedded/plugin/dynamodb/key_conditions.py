"""The partition that a Query reads, and the condition on the sort key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import Refused, invalid, invalid_parameter
from .grammar import parse_condition, tokens_of
from .keys import Attributes
from .operands import At, Function, Given, Operand, Operator, is_beyond
from .requests import Request
from .values import Value, check_value

_KIND = "KeyConditionExpression"
_KEY_SIGNS = ("=", "<", "<=", ">", ">=")
Comparison = tuple[str | None, list[Value]]
"""The operator and values to compare the sort key with; None to read the whole partition."""


def key_condition(keys: Attributes, request: Request) -> tuple[Value, Comparison]:
    """The partition key's value and the sort key's comparison; raises Refused."""
    if request.get(_KIND) is not None:
        found = _of_expression(request)
    else:
        found = {
            name: (each["ComparisonOperator"], each.get("AttributeValueList") or [])
            for name, each in request["KeyConditions"].items()
        }
    if len(found) > 2:
        raise invalid("Conditions can be of length 1 or 2 only")
    for name, _type in keys[: max(1, len(found))]:
        if name not in found:
            raise invalid(f"Query condition missed key schema element: {name}")
    if len(found) > len(keys):
        raise invalid("Query key condition not supported")
    (partition, _type), *_sort = keys
    sign, values = found.pop(partition)
    if sign not in ("=", "EQ"):
        raise invalid("Query key condition not supported")
    comparison: Comparison = next(iter(found.values()), (None, []))
    of_sort_key = [(value, keys[-1]) for value in comparison[1]]
    for value, (name, wanted) in ((values[0], keys[0]), *of_sort_key):
        if wanted not in value:
            raise invalid_parameter("Condition parameter type does not match schema type")
        check_value(value)
        if value[wanted] == "" and name == partition:
            raise invalid_parameter(
                "One or more parameter values are not valid. The AttributeValue for a key attribute"
                f" cannot contain an empty string value. Key: {name}"
            )
    if comparison[0] == "BEGINS_WITH" and keys[-1][1] == "N":
        raise invalid_parameter(
            "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"
        )
    if comparison[0] == "BETWEEN" and is_beyond(*comparison[1]):
        raise invalid(
            "The BETWEEN condition was provided a range where the lower bound is greater than the"
            " upper bound"
        )
    return values[0], comparison


def _of_expression(request: Request) -> dict[str, tuple[str, list[Value]]]:
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    condition = parse_condition(_KIND, list(tokens_of(_KIND, request[_KIND])), names, values)
    return {
        name: (sign.upper(), bounds)
        for name, sign, bounds in map(_of_one_key, _conditions(condition))
    }


def _conditions(condition: Operand) -> Iterator[Function | Operator]:
    if isinstance(condition, Operator) and condition.sign == "AND":
        for each in condition.operands:
            yield from _conditions(each)
    else:
        assert isinstance(condition, Function | Operator)
        yield condition


def _of_one_key(condition: Function | Operator) -> tuple[str, str, list[Value]]:
    name, (there, *bounds) = condition
    if name not in (*_KEY_SIGNS, "BETWEEN", "begins_with"):
        raise invalid(f"Invalid operator used in {_KIND}: {name}")
    if isinstance(there, Given) and len(bounds) == 1 and isinstance(bounds[0], At):
        there, bounds = bounds[0], [there]
        name = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(name, name)
    if not isinstance(there, At) or not all(isinstance(bound, Given) for bound in bounds):
        raise _unfit(condition)
    if len(there.path) > 1:
        raise invalid(f"{_KIND}s cannot have conditions on nested attributes")
    return str(there.path[0]), name, [bound.value for bound in bounds]


def _unfit(condition: Any) -> Refused:
    if any(isinstance(operand, Function) for operand in condition.operands):
        return invalid(f"{_KIND}s cannot contain nested operations")
    return invalid(
        f"Invalid condition in {_KIND}: {condition[0]} operator must have the key attribute as its"
        " first operand"
    )
