"""Scans the table once, and updates items that changed at their source."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tweetpipe import events
from tweetpipe.aws.place import Place
from tweetpipe.complying.account import Account, Line
from tweetpipe.complying.judge import Judge
from tweetpipe.complying.scanning import Pace, Wire, pages
from tweetpipe.looking.table import plain

WHERE = "EventData"


@dataclass(frozen=True, slots=True)
class Left:
    """An item to be replaced by another version that is not stored yet."""

    id: str
    key: Wire


@dataclass(kw_only=True)
class Changes:
    """The result of a scan; `seen` are the ids of `wanted` that are stored."""

    items: int = 0
    seen: set[str] = field(default_factory=set)
    left: list[Left] = field(default_factory=list)


def review(
    place: Place,
    table: str,
    judge: Judge,
    *,
    account: Account,
    pace: Pace,
    wanted: Collection[str] = (),
) -> Changes:
    """Delete and mark items as the judge says.

    An item is deleted once a newer version is stored, whichever came first.
    """
    changes = Changes()
    versions: set[str] = set()
    replaced: list[Left] = []
    for page in pages(place, table, also=judge.mark, consistently=True, pace=pace):
        changes.items += len(page)
        gone: list[tuple[Left, str]] = []
        for item in page:
            attributes = plain(item)
            id_ = judge.id_of(attributes)
            if id_ in wanted:
                changes.seen.add(id_)
            one = Left(id_, _key(item))
            if why := judge.why_gone(id_):
                gone.append((one, why))
                continue
            if judge.is_version(id_):
                versions.add(id_)
            if judge.newer(id_) or judge.is_stale(id_):
                replaced.append(one)
            elif (marks := judge.marks(id_)) is not None:
                _mark(place, table, judge.mark, one, marks, attributes, account)
        delete(place, table, gone, account)
    superseded = []
    for one in replaced:
        if versions.isdisjoint(judge.newer(one.id)):
            changes.left.append(one)
        else:
            superseded.append((one, "edited"))
    delete(place, table, superseded, account)
    return changes


def delete(place: Place, table: str, items: Sequence[tuple[Left, str]], account: Account) -> None:
    """Delete items for these reasons, with a log line for each."""
    account.note([_line(item.id, "deleted", why) for item, why in items])
    if not account.is_kept:
        return
    dynamodb = place.dynamodb()
    for item, _ in items:
        # One by one: BatchWriteItem would take a permission to write any item.
        dynamodb.delete_item(TableName=table, Key=item.key)


def _mark(
    place: Place,
    table: str,
    name: str,
    item: Left,
    marks: Collection[str],
    attributes: Mapping[str, Any],
    account: Account,
) -> None:
    if sorted(attributes.get(name) or ()) == sorted(marks):
        return
    did = "marked" if marks else "unmarked"
    account.note([_line(item.id, did, ", ".join(sorted(marks)) or "no longer withheld")])
    if not account.is_kept:
        return
    values: dict[str, Any] = {}
    if marks:
        marked = {":marks": {"L": [{"S": mark} for mark in sorted(marks)]}}
        values = {"ExpressionAttributeValues": marked}
    try:
        place.dynamodb().update_item(
            TableName=table,
            Key=item.key,
            UpdateExpression="SET #marks = :marks" if marks else "REMOVE #marks",
            # An item deleted meanwhile must not come back with only a mark.
            ConditionExpression="attribute_exists(#sort)",
            ExpressionAttributeNames={"#marks": name, "#sort": events.chosen().key.sort.name},
            **values,
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
            raise


def _key(item: Wire) -> Wire:
    return {part.name: item[part.name] for part in events.chosen().key}


def _line(id_: str, did: str, why: str) -> Line:
    return {"id": id_, "did": did, "why": why, "where": WHERE}
