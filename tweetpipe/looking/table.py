"""Reads EventData."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from processor.table import EXPIRES_AT
from tweetpipe.aws.place import Place

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, str]
Key = tuple[str, str]  # Username and Id


@dataclass(frozen=True, slots=True)
class Page:
    """Some of an author's tweets; `next` is where the next page begins, None after the last."""

    items: list[Item]
    next: str | None


def scan(place: Place, table: str) -> Iterator[Item]:
    """Every item, read consistently."""
    pages = place.dynamodb().get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        for item in page["Items"]:
            yield _plain(item)


def query(place: Place, table: str, username: str, limit: int) -> list[Item]:
    """An author's newest tweets, at most `limit` of them."""
    pages = (
        place.dynamodb()
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression="Username = :username",
            ExpressionAttributeValues={":username": {"S": username}},
            ScanIndexForward=False,
            PaginationConfig={"MaxItems": limit, "PageSize": min(limit, 1000)},
        )
    )
    return [_plain(item) for page in pages for item in page["Items"]]


def query_page(
    place: Place, table: str, username: str, limit: int, *, after: str | None = None
) -> Page:
    """Up to `limit` of an author's tweets, newest first, those after the id `after`; one call."""
    start: dict[str, Any] = {}
    if after is not None:
        start = {"ExclusiveStartKey": {"Username": {"S": username}, "Id": {"S": after}}}
    answer = place.dynamodb().query(
        TableName=table,
        KeyConditionExpression="Username = :username",
        ExpressionAttributeValues={":username": {"S": username}},
        ScanIndexForward=False,
        Limit=limit,
        **start,
    )
    last = _plain(answer.get("LastEvaluatedKey", {}))
    return Page(items=[_plain(item) for item in answer["Items"]], next=last.get("Id"))


def get(place: Place, table: str, username: str, identifier: str) -> Item | None:
    """One tweet, or None when it is not stored."""
    # Who may query may do this as well; GetItem would be one more permission.
    answer = place.dynamodb().query(
        TableName=table,
        KeyConditionExpression="Username = :username AND Id = :id",
        ExpressionAttributeValues={":username": {"S": username}, ":id": {"S": identifier}},
        ConsistentRead=True,
    )
    return next((_plain(item) for item in answer["Items"]), None)


def count_present(place: Place, table: str, keys: list[Key]) -> int:
    """How many of up to 100 keys are stored, as far as one BatchGetItem call answers."""
    return len(present(place, table, keys, consistently=True))


def present(place: Place, table: str, keys: list[Key], *, consistently: bool) -> set[Key]:
    """Which of up to 100 keys are stored, as far as one BatchGetItem call answers."""
    wanted = [
        {"Username": {"S": username}, "Id": {"S": identifier}} for username, identifier in keys
    ]
    answer = place.dynamodb().batch_get_item(
        RequestItems={
            table: {
                "Keys": wanted,
                "ConsistentRead": consistently,
                "ProjectionExpression": "Username, Id",
            }
        }
    )
    found = map(_plain, answer["Responses"].get(table, []))
    return {(item["Username"], item["Id"]) for item in found}


def get_each(place: Place, table: str, keys: Iterable[Key]) -> Iterator[Item]:
    """Those of up to 100 items that are stored, read consistently, in no particular order."""
    wanted = [
        {"Username": {"S": username}, "Id": {"S": identifier}} for username, identifier in keys
    ]
    left: Any = {table: {"Keys": wanted, "ConsistentRead": True}} if wanted else {}
    # Some are left over when they exceed 16 MB, or what the table may read in a second; where that
    # is none at all, DynamoDB throttles the call, which botocore repeats.
    while left:
        answer = place.dynamodb().batch_get_item(RequestItems=left)
        yield from map(_plain, answer["Responses"].get(table, []))
        left = answer.get("UnprocessedKeys", {})


def _plain(item: dict[str, AttributeValueTypeDef]) -> Item:
    # Whatever else a stranger may have put there, it shows up as what it is and not as an error.
    return {name: value.get("S", repr(value)) for name, value in item.items() if name != EXPIRES_AT}
