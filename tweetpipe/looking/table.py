"""Reads the table EventData."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from processor.table import EXPIRES_AT
from tweetpipe import events
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.aws.place import Place
from tweetpipe.events import Item

Key = tuple[Any, Any]  # the values of partition key and sort key

_LONGEST_KEY = 2048  # bytes that DynamoDB takes for a partition key


@dataclass(frozen=True, slots=True)
class Page:
    """A page of items of a partition; `next` is where the next page begins, None after the last."""

    items: list[Item]
    next: str | None


def scan(place: Place, table: str) -> Iterator[Item]:
    """Every item, read consistently."""
    pages = place.dynamodb().get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        for item in page["Items"]:
            yield plain(item)


def query(place: Place, table: str, partition: str, limit: int) -> list[Item]:
    """The items of a partition with the highest sort keys, at most `limit` of them."""
    pages = (
        place.dynamodb()
        .get_paginator("query")
        .paginate(
            TableName=table,
            ScanIndexForward=False,
            PaginationConfig={"MaxItems": limit, "PageSize": min(limit, 1000)},
            **_condition(partition),
        )
    )
    return [plain(item) for page in pages for item in page["Items"]]


def query_page(
    place: Place, table: str, partition: str, limit: int, *, after: str | None = None
) -> Page:
    """Up to `limit` items after the sort key `after`, in one call."""
    start: dict[str, Any] = {}
    if after is not None:
        first, second = typed(partition, after)
        start = {"ExclusiveStartKey": _wire((first, second))}
    answer = place.dynamodb().query(
        TableName=table,
        ScanIndexForward=False,
        Limit=limit,
        **_condition(partition),
        **start,
    )
    last = plain(answer.get("LastEvaluatedKey", {}))
    found = last.get(events.chosen().key.sort.name)
    return Page(
        items=[plain(item) for item in answer["Items"]], next=None if found is None else str(found)
    )


def get(place: Place, table: str, key: tuple[str, str]) -> Item | None:
    """One item, or None if it is not stored."""
    # Query needs no further permission; GetItem would need one more.
    answer = place.dynamodb().query(TableName=table, ConsistentRead=True, **_condition(*key))
    return next((plain(item) for item in answer["Items"]), None)


def count_present(place: Place, table: str, keys: list[Key]) -> int:
    """How many of up to 100 keys are stored, as far as one BatchGetItem call answers."""
    return len(present(place, table, keys, consistently=True))


def present(place: Place, table: str, keys: list[Key], *, consistently: bool) -> set[Key]:
    """Which of up to 100 keys are stored, as far as one BatchGetItem call answers."""
    answer = place.dynamodb().batch_get_item(
        RequestItems={
            table: {
                "Keys": [_wire(key) for key in keys],
                "ConsistentRead": consistently,
                "ProjectionExpression": "#partition, #sort",
                "ExpressionAttributeNames": _names(),
            }
        }
    )
    return {events.chosen().key_of(plain(item)) for item in answer["Responses"].get(table, [])}


def get_each(place: Place, table: str, keys: Iterable[Key]) -> Iterator[Item]:
    """Those of up to 100 items that are stored, read consistently, in no particular order."""
    wanted = [_wire(key) for key in keys]
    left: Any = {table: {"Keys": wanted, "ConsistentRead": True}} if wanted else {}
    # Some keys are left unprocessed if the items exceed 16 MB or the table's read capacity; if none
    # can be read, DynamoDB throttles the call, and botocore retries it.
    while left:
        answer = place.dynamodb().batch_get_item(RequestItems=left)
        yield from map(plain, answer["Responses"].get(table, []))
        left = answer.get("UnprocessedKeys", {})


def typed(*texts: str) -> list[Any]:
    """Parse a key, or its first part, as typed; raises WrongUsage if it is invalid."""
    values: list[Any] = []
    for part, text in zip(events.chosen().key, texts, strict=False):
        if not 1 <= len(text.encode(errors="surrogatepass")) <= _LONGEST_KEY:
            raise WrongUsage(
                f"{part.name} must be 1 to {_LONGEST_KEY:,} bytes long. Type it as it is stored."
            )
        try:
            values.append(text if part.type == "S" else _number(text))
        except ArithmeticError as error:
            raise WrongUsage(
                f"{part.name} must be a number, such as 42, and {text!r} is not one."
            ) from error
    return values


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def _wire(key: Key) -> dict[str, Any]:
    return {
        part.name: {part.type: value if part.type == "S" else str(value)}
        for part, value in zip(events.chosen().key, key, strict=True)
    }


def _names() -> dict[str, str]:
    # A name may be one of DynamoDB's reserved words.
    partition, sort = events.chosen().key
    return {"#partition": partition.name, "#sort": sort.name}


def _condition(*texts: str) -> dict[str, Any]:
    """The key of a query: a partition, or one item of it."""
    names, values = ("#partition", "#sort")[: len(texts)], (":partition", ":sort")[: len(texts)]
    parts = events.chosen().key[: len(texts)]
    return {
        "KeyConditionExpression": " AND ".join(map("{} = {}".format, names, values)),
        "ExpressionAttributeNames": {
            name: part.name for name, part in zip(names, parts, strict=True)
        },
        "ExpressionAttributeValues": {
            value: {part.type: given if part.type == "S" else str(given)}
            for value, part, given in zip(values, parts, typed(*texts), strict=True)
        },
    }


def plain(item: Any) -> Item:
    """An item in DynamoDB's wire format as plain Python."""
    return {name: _value(attribute) for name, attribute in item.items() if name != EXPIRES_AT}


def _value(attribute: Any) -> Any:
    """An attribute as plain Python, with exact numbers."""
    ((type_, value),) = attribute.items()
    match type_:
        case "S" | "BOOL" | "B":
            return value
        case "N":
            return _number(value)
        case "NULL":
            return None
        case "L":
            return [_value(inside) for inside in value]
        case "M":
            return {name: _value(inside) for name, inside in value.items()}
    # Unknown types, written by other programs, are shown as they are and not as an error.
    return repr(attribute)
