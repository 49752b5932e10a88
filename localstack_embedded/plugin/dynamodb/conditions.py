"""Whether one of moto's items meets the conditions of a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.comparisons import get_expected, get_filter_expression
from moto.dynamodb.models.dynamo_type import Item as StoredItem

from .errors import invalid
from .requests import Request
from .truth import holds

Condition = Callable[[StoredItem | None], bool]

# What moto's parsers stumble on.
STUMBLES = (ValueError, LookupError, AssertionError, StopIteration)


def condition(request: Request, expression: str, old: str) -> Condition:
    """The condition in either of the two forms that a request may have; raises Refused."""
    if request.get(expression) is not None:
        return _parsed(request, expression)
    expected: Mapping[str, Any] = request.get(old) or {}
    conditions = [get_expected({name: wanted}) for name, wanted in expected.items()]
    together = any if expected and request.get("ConditionalOperator") == "OR" else all
    return lambda item: together(holds(one, item) for one in conditions)


def _parsed(request: Request, expression: str) -> Condition:
    try:
        found = get_filter_expression(
            request[expression],
            request.get("ExpressionAttributeNames"),
            request.get("ExpressionAttributeValues"),
        )
    except STUMBLES as error:
        raise invalid(f"Invalid {expression}: Syntax error; {error}") from error
    except JsonRESTError as error:
        # It takes every condition for a ConditionExpression.
        raise invalid(error.message.replace("ConditionExpression", expression)) from error
    return lambda item: holds(found, item)
