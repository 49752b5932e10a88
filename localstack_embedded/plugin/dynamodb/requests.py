"""The checks of requests for items that AWS makes before it reads any item.

Each takes a request in DynamoDB JSON, and converts its numbers to their stored form; raises
Refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .errors import Refused, invalid, invalid_parameter, unconstrained
from .expressions import check_expressions
from .keys import (
    MISMATCH,
    Schema,
    check_item_keys,
    check_key,
    identity,
)
from .old_updates import check_action
from .operands import Path
from .values import MAX_ITEM_BYTES, Item, check_item, check_value

Request = dict[str, Any]
SchemaOf = Callable[[str], Schema]
"""Finds a table's keys by its name or ARN; raises Refused if the table doesn't exist."""

MAX_BATCH_WRITE = 25
MAX_BATCH_GET = 100
MAX_TRANSACTION = 100
_MAX_TRANSACTION_BYTES = 4 * 2**20
_CHANGED_VALUES = ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
_ONE_TYPE = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the"
    " supported datatypes"
)
_ACTIONS = {"ConditionCheck", "Put", "Delete", "Update"}
_TWICE_IN_BATCH = "Provided list of item keys contains duplicates"
_TWICE_IN_TRANSACTION = "Transaction request cannot include multiple operations on one item"
OLD_PARAMETERS = {
    "PutItem": ("Expected", "ConditionalOperator"),
    "DeleteItem": ("Expected", "ConditionalOperator"),
    "UpdateItem": ("AttributeUpdates", "Expected", "ConditionalOperator"),
    "GetItem": ("AttributesToGet",),
    "Query": ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"),
    "Scan": ("AttributesToGet", "ScanFilter", "ConditionalOperator"),
}


def check_options(request: Request) -> None:
    """Check the options that many operations share."""
    one_of(request, "ReturnConsumedCapacity", ("INDEXES", "TOTAL", "NONE"))
    one_of(request, "ReturnItemCollectionMetrics", ("SIZE", "NONE"))
    one_of(request, "ReturnValues", _CHANGED_VALUES)
    one_of(request, "ReturnValuesOnConditionCheckFailure", ("ALL_OLD", "NONE"))


def check_put(request: Request, schema_of: SchemaOf) -> None:
    """Check PutItem, or the Put of a transaction."""
    _check_returned(request)
    size = check_item(request["Item"])
    check_expressions(request, ["ConditionExpression"], OLD_PARAMETERS["PutItem"])
    if size > MAX_ITEM_BYTES:
        raise invalid("Item size has exceeded the maximum allowed size")
    _check_expected(request)
    check_item_keys(request["Item"], schema_of(request["TableName"]))


def check_delete(request: Request, schema_of: SchemaOf) -> None:
    """Check DeleteItem, or the Delete or ConditionCheck of a transaction."""
    _check_returned(request)
    check_item(request["Key"])
    check_expressions(request, ["ConditionExpression"], OLD_PARAMETERS["DeleteItem"])
    _check_expected(request)
    check_key(request["Key"], schema_of(request["TableName"]))


def check_update(request: Request, schema_of: SchemaOf) -> list[Path]:
    """Check UpdateItem, or the Update of a transaction; returns the paths that it changes."""
    check_item(request["Key"])
    paths = check_expressions(
        request, ["UpdateExpression", "ConditionExpression"], OLD_PARAMETERS["UpdateItem"]
    )
    _check_expected(request)
    updates = request.get("AttributeUpdates") or {}
    for name, update in updates.items():
        if update.get("Value") is not None:
            check_value(update["Value"])
        check_action(name, update)
    schema = schema_of(request["TableName"])
    check_key(request["Key"], schema)
    changed = paths.get("UpdateExpression", []) + [(name,) for name in updates]
    for name, _kind in schema.keys:
        if any(path[0] == name for path in changed):
            raise invalid_parameter(
                f"Cannot update attribute {name}. This attribute is part of the key"
            )
    return changed


def check_get(request: Request, schema_of: SchemaOf) -> list[Path]:
    """Check GetItem, or the Get of a transaction; returns the paths that it projects."""
    check_names(request)
    check_item(request["Key"])
    paths = check_expressions(request, ["ProjectionExpression"], OLD_PARAMETERS["GetItem"])
    check_key(request["Key"], schema_of(request["TableName"]))
    return paths.get("ProjectionExpression", [])


def check_names(request: Mapping[str, Any]) -> None:
    """Check AttributesToGet, the parameter that predates projection expressions."""
    names = request.get("AttributesToGet") or []
    for place, name in enumerate(names):
        if name in names[:place]:
            raise invalid_parameter(f"Duplicate value in attribute name: {name}")


def check_batch_write(request: Request, schema_of: SchemaOf) -> None:
    """Check BatchWriteItem."""
    tables = _tables(request)
    for name, writes in tables.items():
        if not 1 <= len(writes) <= MAX_BATCH_WRITE:
            raise unconstrained(
                f"{{{name}=[{len(writes)} WriteRequests]}}",
                "requestItems",
                "satisfy constraint: [Member must have length less than or equal to"
                f" {MAX_BATCH_WRITE}, Member must have length greater than or equal to 1]",
                subject="Map value",
            )
    if sum(map(len, tables.values())) > MAX_BATCH_WRITE:
        raise invalid("Too many items requested for the BatchWriteItem call")
    for writes in tables.values():
        for write in writes:
            if len(write) != 1 or not write.keys() <= {"PutRequest", "DeleteRequest"}:
                raise invalid(_ONE_TYPE)
            put = write.get("PutRequest")
            if check_item(put["Item"] if put else write["DeleteRequest"]["Key"]) > MAX_ITEM_BYTES:
                raise invalid("Item size has exceeded the maximum allowed size")
    for name, writes in tables.items():
        schema = schema_of(name)
        seen = set()
        for write in writes:
            if put := write.get("PutRequest"):
                _check_batch_put(put["Item"], schema)
                found = identity(put["Item"], schema)
            else:
                key = write["DeleteRequest"]["Key"]
                check_key(key, schema)
                found = identity(key, schema)
            if found in seen:
                raise invalid(_TWICE_IN_BATCH)
            seen.add(found)


def check_batch_get(request: Request, schema_of: SchemaOf) -> dict[str, list[Path]]:
    """Check BatchGetItem; returns the paths that it projects, by table."""
    tables = _tables(request)
    for name, wanted in tables.items():
        where = f"requestItems.{name}.member.keys"
        _check_length(wanted["Keys"], where, MAX_BATCH_GET, shown=f"[{len(wanted['Keys'])} Maps]")
    if sum(len(wanted["Keys"]) for wanted in tables.values()) > MAX_BATCH_GET:
        raise invalid("Too many items requested for the BatchGetItem call")
    paths = {}
    for name, wanted in tables.items():
        check_names(wanted)
        found = check_expressions(wanted, ["ProjectionExpression"], ["AttributesToGet"])
        paths[name] = found.get("ProjectionExpression", [])
        for key in wanted["Keys"]:
            check_item(key)
    for name, wanted in tables.items():
        _check_keys_apart(wanted["Keys"], schema_of(name))
    return paths


def check_transact_write(request: Request, schema_of: SchemaOf) -> None:
    """Check TransactWriteItems."""
    items = request["TransactItems"]
    _check_length(
        items, "transactItems", MAX_TRANSACTION, shown=f"[{len(items)} TransactWriteItems]"
    )
    token = request.get("ClientRequestToken")
    if token is not None:
        _check_length(token, "clientRequestToken", 36, shown=token)
    seen, size = set(), 0
    for item in items:
        if len(item) != 1 or not item.keys() <= _ACTIONS:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        ((kind, action),) = item.items()
        one_of(action, "ReturnValuesOnConditionCheckFailure", ("ALL_OLD", "NONE"))
        if kind == "Put":
            check_put(action, schema_of)
        elif kind == "Update":
            check_update(action, schema_of)
        else:
            check_delete(action, schema_of)
        stored = action["Item"] if kind == "Put" else action["Key"]
        size += check_item(stored)
        found = identity(stored, schema_of(action["TableName"]))
        if found in seen:
            raise invalid(_TWICE_IN_TRANSACTION)
        seen.add(found)
    if size > _MAX_TRANSACTION_BYTES:
        raise invalid("Transaction request exceeds maximum size: 4MB")


def check_transact_get(request: Request, schema_of: SchemaOf) -> list[list[Path]]:
    """Check TransactGetItems; returns the paths that each Get projects."""
    items = request["TransactItems"]
    _check_length(items, "transactItems", MAX_TRANSACTION, shown=f"[{len(items)} TransactGetItems]")
    paths = [check_get(item["Get"], schema_of) for item in items]
    keys = [identity(get["Key"], schema_of(get["TableName"])) for get in _gets(items)]
    if len(set(keys)) < len(keys):
        raise invalid(_TWICE_IN_TRANSACTION)
    return paths


def _check_batch_put(item: Item, schema: Schema) -> None:
    try:
        check_item_keys(item, schema)
    except Refused as refused:
        if "Missing the key" in refused.message or "mismatch for key" in refused.message:
            raise invalid(MISMATCH) from None
        raise


def _check_keys_apart(keys: Iterable[Item], schema: Schema) -> None:
    seen = set()
    for key in keys:
        check_key(key, schema)
        found = identity(key, schema)
        if found in seen:
            raise invalid(_TWICE_IN_BATCH)
        seen.add(found)


def _check_expected(request: Request) -> None:
    if request.get("ConditionalOperator") and not request.get("Expected"):
        raise invalid("ConditionalOperator cannot be used without Filter or Expected")
    for condition in (request.get("Expected") or {}).values():
        for value in (condition.get("Value"), *condition.get("AttributeValueList", ())):
            if value is not None:
                check_value(value)


def _check_returned(request: Request) -> None:
    if request.get("ReturnValues") not in (None, "ALL_OLD", "NONE"):
        raise invalid("Return values set to invalid value")


def _gets(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [item["Get"] for item in items]


def _tables(request: Request) -> dict[str, Any]:
    tables: dict[str, Any] = request["RequestItems"]
    if not tables:
        raise unconstrained("{}", "requestItems", "have length greater than or equal to 1")
    return tables


def one_of(request: Mapping[str, Any], name: str, known: tuple[str, ...]) -> None:
    """Refuse a parameter whose value isn't one of the known ones."""
    value = request.get(name)
    if value is not None and value not in known:
        where = name[0].lower() + name[1:]
        raise unconstrained(value, where, f"satisfy enum value set: [{', '.join(known)}]")


def _check_length(sized: Any, where: str, most: int, *, shown: str) -> None:
    if len(sized) > most:
        raise unconstrained(shown, where, f"have length less than or equal to {most}")
    if not sized:
        shown = "[]" if isinstance(sized, list) else ""
        raise unconstrained(shown, where, "have length greater than or equal to 1")
