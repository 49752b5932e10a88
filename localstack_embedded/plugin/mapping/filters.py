"""Which records reach the function: Lambda's event filtering.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

LocalStack's own matcher fails when a prefix is compared with a number, takes true for 1, and takes
an absent field for anything-but a value. So patterns are compiled here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .filter_rules import ABSENT, InvalidPattern, rule
from .interfaces import Record

# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
MOST_FILTERS = 5
LONGEST_PATTERN = 4096

Test = Callable[[Any], bool]


class Filters:
    """The filters of one mapping; a record passes if it satisfies any of them."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Raises InvalidPattern for patterns that AWS rejects."""
        if len(patterns) > MOST_FILTERS:
            raise InvalidPattern(f"a mapping has at most {MOST_FILTERS} filters")
        parsed = [_parse(pattern) for pattern in patterns]
        self._tests = [_object(pattern) for pattern in parsed]
        self._looks_at_data = any(_mentions_data(pattern) for pattern in parsed)

    def passes(self, record: Record) -> bool:
        """Whether the function gets this record."""
        if not self._tests:
            return True
        event = _metadata(record)
        if self._looks_at_data:
            event["data"] = _decoded(record.data)
        try:
            return any(test(event) for test in self._tests)
        except RecursionError:  # Nested arrays that could be parsed but are too deep to search.
            return False


class _NotJson:
    """Data that no pattern for data matches, not even one that requires a field to be absent."""


def _metadata(record: Record) -> dict[str, Any]:
    fields = {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": record.partition_key,
        "sequenceNumber": record.sequence_number,
        "approximateArrivalTimestamp": round(record.arrived, 3),
    }
    return {**fields, "kinesis": fields}


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _NotJson()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _parse(pattern: str) -> dict[str, Any]:
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidPattern(f"a pattern has at most {LONGEST_PATTERN} characters")
    try:
        parsed = json.loads(pattern, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidPattern("not JSON") from error
    if not isinstance(parsed, dict) or not parsed:
        raise InvalidPattern("not an object with fields")
    for branch in _branches(parsed):
        if "data" in branch and not isinstance(branch["data"], dict):
            raise InvalidPattern("the pattern for data must be JSON: an object with fields")
    return parsed


def _branches(pattern: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield pattern
    for alternative in _alternatives(pattern):
        yield from _branches(alternative)


def _mentions_data(pattern: dict[str, Any]) -> bool:
    return any("data" in branch for branch in _branches(pattern))


def _alternatives(pattern: dict[str, Any]) -> list[dict[str, Any]]:
    choices = pattern.get("$or")
    if not (isinstance(choices, list) and len(choices) > 1):
        return []  # then it is an ordinary field name
    return choices if all(isinstance(choice, dict) for choice in choices) else []


def _object(pattern: dict[str, Any]) -> Test:
    alternatives = [_object(choice) for choice in _alternatives(pattern)]
    fields = {
        name: _field(name, expected)
        for name, expected in pattern.items()
        if not (name == "$or" and alternatives)
    }

    def test(value: Any) -> bool:
        if isinstance(value, _NotJson):
            return False
        known = value if isinstance(value, dict) else {}
        return all(check(known.get(name, ABSENT)) for name, check in fields.items()) and (
            not alternatives or any(choice(value) for choice in alternatives)
        )

    return test


def _field(name: str, expected: Any) -> Test:
    if isinstance(expected, dict) and expected:
        nested = _object(expected)
        return lambda value: any(nested(each) for each in _elements(value))
    if isinstance(expected, list) and expected:
        rules = [rule(each) for each in expected]
        return lambda value: any(check(leaf) for leaf in _leaves(value) for check in rules)
    raise InvalidPattern(f"{name!r} must be an object or an array that is not empty")


def _elements(value: Any) -> Iterator[Any]:
    if isinstance(value, list) and value:
        for each in value:
            yield from _elements(each)
    else:
        yield value


def _leaves(value: Any) -> Iterator[Any]:
    # To a rule, objects and arrays don't exist: `exists` looks only at leaves.
    for each in _elements(value):
        yield ABSENT if isinstance(each, (dict, list)) else each
