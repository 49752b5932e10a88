"""A page of a Query or a Scan on one of moto's tables."""

from __future__ import annotations

import hashlib
import operator
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as StoredItem
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.key_condition_expression import parse_expression

from .conditions import STUMBLES, condition
from .errors import invalid, invalid_parameter
from .keys import Attributes, Schema, names_of
from .requests import Request
from .tables import KeptItem, all_items, plain
from .values import Item, Value, check_value, item_size

MAX_PAGE_BYTES = 2**20
_PREFIX = 2**32
_COMPARISONS: dict[str, Callable[..., bool]] = {
    **dict.fromkeys(["=", "EQ"], operator.eq),
    **dict.fromkeys(["<", "LT"], operator.lt),
    **dict.fromkeys(["<=", "LE"], operator.le),
    **dict.fromkeys([">", "GT"], operator.gt),
    **dict.fromkeys([">=", "GE"], operator.ge),
    "BETWEEN": lambda value, low, high: low <= value <= high,
    "BEGINS_WITH": lambda value, start: value.startswith(start),
}


@dataclass
class Page:
    """What a page holds, and what was looked at for it."""

    items: list[Item]
    scanned: int = 0
    size: int = 0
    last: Item | None = None
    """The key to go on behind, None where nothing is left."""


def read_page(table: Table, schema: Schema, request: Request) -> Page:
    """The next page: at most Limit items and 1 MiB before the filter, which counts for neither."""
    index = request.get("IndexName")
    keys = schema.indexes[index] if index else schema.keys
    if "KeyConditionExpression" in request or "KeyConditions" in request:
        ordered = _queried(table, schema, keys, request)
    else:
        ordered = _scanned(table, schema, keys, request)
    old = "QueryFilter" if "QueryFilter" in request else "ScanFilter"
    fits = condition(request, "FilterExpression", old)
    limit, page = request.get("Limit"), Page([])
    key_names = names_of([keys, schema.keys])
    projected = _projection(table, schema, key_names, request)
    latest: Item | None = None
    for stored in ordered:
        item = projected(plain(stored))
        size = item_size(item)
        if latest is not None and (page.scanned == limit or page.size + size > MAX_PAGE_BYTES):
            break
        latest = item
        page.scanned += 1
        page.size += size
        if fits(KeptItem(stored.hash_key, stored.range_key, item)):
            page.items.append(item)
    else:
        # At its limit, AWS doesn't look whether there is more.
        if page.scanned != limit:
            return page
    page.last = latest and {name: latest[name] for name in key_names}
    return page


def _queried(
    table: Table, schema: Schema, keys: Attributes, request: Request
) -> Iterator[StoredItem]:
    wanted, comparison, bounds = _key_condition(keys, request)
    if request.get("IndexName"):
        there: Iterable[StoredItem] = (
            item
            for item in all_items(table)
            if plain(item).get(keys[0][0]) == wanted
            and all(name in plain(item) for name, _kind in keys)
        )
    else:
        partition = table.items.get(DynamoType(wanted), {})
        there = partition.values() if table.range_key_attr else [partition] * bool(partition)
    order = _order([*keys[1:], *schema.keys])
    ordered = sorted(there, key=order)
    backward = request.get("ScanIndexForward") is False
    start = request.get("ExclusiveStartKey")
    if start:
        _check_start(start, keys, wanted, comparison, bounds)
    after = start and _order_of(start, [*keys[1:], *schema.keys])
    for item in reversed(ordered) if backward else ordered:
        if after and (order(item) >= after if backward else order(item) <= after):
            continue
        if not comparison or _COMPARISONS[comparison](_sortable(item, keys[1][0]), *bounds):
            yield item


def _check_start(
    start: Item, keys: Attributes, wanted: Value, comparison: str | None, bounds: list[Any]
) -> None:
    if start[keys[0][0]] != wanted:
        raise invalid(
            "The provided starting key is outside query boundaries based on provided conditions"
        )
    if comparison and not _COMPARISONS[comparison](_orderly(start[keys[1][0]]), *bounds):
        raise invalid("The provided starting key does not match the range key predicate")


def _scanned(
    table: Table, schema: Schema, keys: Attributes, request: Request
) -> Iterator[StoredItem]:
    """All items by the digest of their partition key, as AWS has them, with no order to rely on."""
    attribute = keys[0][0]
    partitions: dict[tuple[int, str], list[StoredItem]] = {}
    for item in all_items(table):
        found = plain(item)
        if all(name in found for name, _kind in keys):
            (content,) = found[attribute].values()
            partitions.setdefault(_digest(content), []).append(item)
    rest = [*keys[1:], *schema.keys]
    order, start = _order(rest), request.get("ExclusiveStartKey")
    begin = _digest(next(iter(start[attribute].values()))) if start else None
    segment, segments = request.get("Segment"), request.get("TotalSegments")
    for digest in sorted(partitions):
        if begin and digest < begin:
            continue
        if segments and digest[0] * segments // _PREFIX != segment:
            continue
        for item in sorted(partitions[digest], key=order):
            if not start or digest != begin or order(item) > _order_of(start, rest):
                yield item


def _key_condition(keys: Attributes, request: Request) -> tuple[Value, str | None, list[Any]]:
    """The partition key, and what the sort key is compared with; raises Refused."""
    if request.get("KeyConditionExpression") is not None:
        partition, comparison, bounds = _parsed(keys, request)
    else:
        conditions = dict(request["KeyConditions"])
        first = conditions.pop(keys[0][0], None)
        if first is None:
            raise invalid(f"Query condition missed key schema element: {keys[0][0]}")
        if first["ComparisonOperator"] != "EQ":
            raise invalid("Query key condition not supported")
        partition, comparison, bounds = first["AttributeValueList"][0], None, []
        if conditions:
            second = conditions.pop(keys[1][0], None) if len(keys) > 1 else None
            if second is None:
                missed = keys[1][0] if len(keys) > 1 else keys[0][0]
                raise invalid(f"Query condition missed key schema element: {missed}")
            comparison, bounds = second["ComparisonOperator"], second["AttributeValueList"]
        if conditions:
            raise invalid("Conditions can be of length 1 or 2 only")
    for value, (name, wanted) in ((partition, keys[0]), *((bound, keys[-1]) for bound in bounds)):
        if wanted not in value:
            raise invalid_parameter("Condition parameter type does not match schema type")
        check_value(value)
        if value[wanted] == "" and name == keys[0][0]:
            raise invalid_parameter(
                "One or more parameter values are not valid. The AttributeValue for a key attribute"
                f" cannot contain an empty string value. Key: {name}"
            )
    if comparison == "BETWEEN" and _orderly(bounds[0]) > _orderly(bounds[1]):
        raise invalid(
            "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be"
            " greater than or equal to lower bound; lower bound operand: AttributeValue:"
            f" {_shown(bounds[0])}, upper bound operand: AttributeValue: {_shown(bounds[1])}"
        )
    if comparison == "BEGINS_WITH" and "N" in bounds[0]:
        raise invalid(
            "Invalid KeyConditionExpression: Incorrect operand type for operator or function;"
            " operator or function: begins_with, operand type: N"
        )
    return partition, comparison, [_orderly(bound) for bound in bounds]


def _parsed(keys: Attributes, request: Request) -> tuple[Value, str | None, list[Value]]:
    kinds = ("HASH", "RANGE")
    schema = [
        {"AttributeName": name, "KeyType": kind}
        for (name, _type), kind in zip(keys, kinds, strict=False)
    ]
    try:
        partition, comparison, bounds, _names = parse_expression(
            key_condition_expression=request["KeyConditionExpression"],
            expression_attribute_names=request.get("ExpressionAttributeNames") or {},
            expression_attribute_values=request.get("ExpressionAttributeValues") or {},
            schema=schema,
        )
    except STUMBLES as error:
        raise invalid(f"Invalid KeyConditionExpression: Syntax error; {error}") from error
    return partition, comparison and comparison.upper(), bounds


def _projection(
    table: Table, schema: Schema, keys: list[str], request: Request
) -> Callable[[Item], Item]:
    """What an index holds of an item."""
    index = request.get("IndexName")
    if index is None:
        return lambda item: item
    projection = table.get_index(index).projection or {}
    kind = projection.get("ProjectionType", "ALL")
    if kind == "ALL":
        return lambda item: item
    if request.get("Select") == "ALL_ATTRIBUTES":
        if index in schema.global_:
            raise invalid_parameter(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index"
                f" {index} because its projection type is not ALL"
            )
        # A local index fetches from the table what it doesn't hold.
        return lambda item: item
    names = {*keys, *(projection.get("NonKeyAttributes", ()) if kind == "INCLUDE" else ())}
    return lambda item: {name: value for name, value in item.items() if name in names}


def _order(names: list[tuple[str, str]]) -> Callable[[StoredItem], list[Any]]:
    return lambda item: [_sortable(item, name) for name, _kind in names]


def _sortable(item: StoredItem, name: str) -> Any:
    return _orderly(plain(item)[name])


def _order_of(key: Item, names: list[tuple[str, str]]) -> list[Any]:
    return [_orderly(key[name]) for name, _kind in names]


def _orderly(value: Value) -> Any:
    ((kind, content),) = value.items()
    if kind == "N":
        return Decimal(content)
    return b64decode(content) if kind == "B" else content


def _digest(content: str) -> tuple[int, str]:
    digest = hashlib.md5(content.encode(errors="surrogatepass"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:4]), content


def _shown(value: Value) -> str:
    ((kind, content),) = value.items()
    return f"{{{kind}:{content}}}"
