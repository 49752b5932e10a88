"""The checks of a Query or a Scan that AWS makes before it reads any item."""

from __future__ import annotations

from typing import Any

from .errors import Refused, check_range, invalid, invalid_parameter
from .expressions import check_expressions
from .keys import Attributes, Schema, check_key, names_of
from .operands import Path
from .requests import OLD_PARAMETERS, Request, SchemaOf, check_names, one_of
from .values import Item, check_item, check_value

_MAX_SEGMENTS = 1_000_000
_OF_KEYS = ("EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN")
_SELECTIONS = ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")


def check_query(request: Request, schema_of: SchemaOf) -> list[Path]:
    """Check a Query except for its key condition; returns the paths that it projects."""
    old = list(OLD_PARAMETERS["Query"])
    if request.get("KeyConditionExpression") is None:
        old.remove("KeyConditions")  # Allowed with a filter expression.
    possible = ["ProjectionExpression", "FilterExpression", "KeyConditionExpression"]
    paths = check_expressions(request, possible, old)
    if request.get("KeyConditions") is None and request.get("KeyConditionExpression") is None:
        raise invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the"
            " request."
        )
    conditions = paths.get("KeyConditionExpression", [])
    if len(set(conditions)) < len(conditions):
        raise invalid("KeyConditionExpressions must only contain one condition per key")
    keys = _check_page(request, schema_of)
    filtered = {path[0] for path in paths.get("FilterExpression", ())}
    for property_, used in (
        ("Filter Expression", filtered),
        ("QueryFilter", set(request.get("QueryFilter") or ())),
    ):
        for name, _kind in keys:
            if name in used:
                raise invalid(
                    f"{property_} can only contain non-primary key attributes: Primary key"
                    f" attribute: {name}"
                )
    for condition in (request.get("KeyConditions") or {}).values():
        _check_old_condition(condition)
    return paths.get("ProjectionExpression", [])


def _check_old_condition(condition: dict[str, Any]) -> None:
    operator, values = condition["ComparisonOperator"], condition.get("AttributeValueList") or []
    if operator not in _OF_KEYS:
        raise invalid("Attempted conditional constraint is not an indexable operation")
    if len(values) != (2 if operator == "BETWEEN" else 1):
        raise invalid_parameter(
            f"Invalid number of argument(s) for the {operator} ComparisonOperator"
        )
    for value in values:
        check_value(value)


def check_scan(request: Request, schema_of: SchemaOf) -> list[Path]:
    """Check a Scan; returns the paths that it projects."""
    paths = check_expressions(
        request, ["ProjectionExpression", "FilterExpression"], OLD_PARAMETERS["Scan"]
    )
    segment, segments = request.get("Segment"), request.get("TotalSegments")
    if segments is not None:
        check_range(segments, "totalSegments", 1, _MAX_SEGMENTS)
    for one, other, there in (
        ("TotalSegments", "Segment parameter", segment is not None and segments is None),
        ("Segment", "parameter TotalSegments", segments is not None and segment is None),
    ):
        if there:
            raise invalid(
                f"The {one} parameter is required but was not present in the request when {other}"
                " is present"
            )
    if segment is not None:
        check_range(segment, "segment", 0, _MAX_SEGMENTS - 1)
    if segment is not None and segments is not None and segment >= segments:
        raise invalid(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments:"
            f" Segment: {segment} is not less than TotalSegments: {segments}"
        )
    _check_page(request, schema_of)
    return paths.get("ProjectionExpression", [])


def _check_page(request: Request, schema_of: SchemaOf) -> Attributes:
    """Check what a Query and a Scan share; returns the keys of the table or index to read."""
    one_of(request, "Select", _SELECTIONS)
    if request.get("Limit") is not None:
        check_range(request["Limit"], "limit", 1, None)
    check_names(request)
    schema, index = schema_of(request["TableName"]), request.get("IndexName")
    if index is not None and index not in schema.indexes:
        raise invalid(f"The table does not have the specified index: {index}")
    if index in schema.global_ and request.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    _check_selection(request)
    keys = schema.indexes[index] if index else schema.keys
    if start := request.get("ExclusiveStartKey"):
        _check_start(start, schema, keys)
    return keys


def _check_selection(request: Request) -> None:
    select = request.get("Select")
    projects = request.get("ProjectionExpression") or request.get("AttributesToGet")
    if select == "SPECIFIC_ATTRIBUTES" and not projects:
        raise invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get"
            " SPECIFIC_ATTRIBUTES"
        )
    if projects and select not in (None, "SPECIFIC_ATTRIBUTES"):
        what = "ProjectionExpression" if request.get("ProjectionExpression") else "AttributesToGet"
        raise invalid(f"Cannot specify the {what} when choosing to get {select}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and not request.get("IndexName"):
        raise invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")


def _check_start(start: Item, schema: Schema, keys: Attributes) -> None:
    check_item(start)
    wanted = dict([*schema.keys, *keys])
    try:
        check_key(
            start, schema, tuple((name, wanted[name]) for name in names_of([schema.keys, keys]))
        )
    except Refused as refused:
        detail = "" if len(start) != len(wanted) else f": {refused.message}"
        raise invalid(f"The provided starting key is invalid{detail}") from None
