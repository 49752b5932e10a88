"""A page of a Query or a Scan on one of moto's tables."""

from __future__ import annotations

import hashlib
import operator
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as StoredItem
from moto.dynamodb.models.table import Table

from .conditions import condition
from .errors import invalid, invalid_parameter
from .key_conditions import key_condition
from .keys import Attributes, Schema, names_of
from .operands import Path
from .requests import Request
from .tables import all_items, plain
from .values import Item, Value, item_size

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
    """The items of a page, and how much was read for it; sizes are in bytes."""

    items: list[Item]
    scanned: int = 0
    size: int = 0
    last: Item | None = None
    """The key to continue after; None if nothing is left."""
    fetched: list[int] = field(default_factory=list)
    """The sizes of items read from the table because a local index lacks wanted attributes."""


def read_page(table: Table, schema: Schema, request: Request, wanted: Sequence[Path]) -> Page:
    """The next page: at most Limit items and 1 MiB, both counted before the filter.

    `wanted` are the paths that the request projects; empty if it doesn't say. Raises Refused.
    """
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
    fetches = _fetches(schema, request, wanted)
    latest: Item | None = None
    for stored in ordered:
        whole = plain(stored)
        item = schema.entry(index, whole) if index else whole
        size = item_size(item)
        if latest is not None and (page.scanned == limit or page.size + size > MAX_PAGE_BYTES):
            break
        latest = item
        page.scanned += 1
        page.size += size
        if fetches:
            item = whole
            page.fetched.append(item_size(whole))
        if fits(item):
            page.items.append(item)
    else:
        # At the limit, AWS doesn't check whether there are more items.
        if page.scanned != limit:
            return page
    page.last = latest and {name: latest[name] for name in key_names}
    return page


def _queried(
    table: Table, schema: Schema, keys: Attributes, request: Request
) -> Iterator[StoredItem]:
    wanted, (comparison, values) = key_condition(keys, request)
    bounds = [_orderly(value) for value in values]
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
    """All items by the digest of their partition key: as on AWS, in no order to rely on."""
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


def _fetches(schema: Schema, request: Request, wanted: Sequence[Path]) -> bool:
    """Whether to read items from the table because an index lacks attributes; raises Refused."""
    index = request.get("IndexName")
    held = schema.projected.get(index or "")
    if held is None:
        return False
    lacking = sorted({str(path[0]) for path in wanted} - held)
    if index not in schema.global_:
        return bool(lacking) or request.get("Select") == "ALL_ATTRIBUTES"
    if request.get("Select") == "ALL_ATTRIBUTES":
        raise invalid_parameter(
            "Select type ALL_ATTRIBUTES is not supported for global secondary index"
            f" {index} because its projection type is not ALL"
        )
    if lacking:
        raise invalid_parameter(
            f"Global secondary index {index} does not project [{', '.join(lacking)}]"
        )
    return False


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
