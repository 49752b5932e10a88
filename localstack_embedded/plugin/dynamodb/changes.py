"""The record of a change in a table's stream."""

from __future__ import annotations

import uuid
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .values import Item, Value, item_size

BY_EXPIRY = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}


def change_record(
    before: Item | None,
    after: Item | None,
    *,
    keys: Mapping[str, Any],
    view: str,
    sequence_number: int,
    region: str,
    now: datetime,
    by_expiry: bool = False,
) -> dict[str, Any] | None:
    """The record as GetRecords returns it, with binary values as bytes; None if nothing changed."""
    if before == after:
        return None
    there = after or before or {}
    images = {"Keys": {name: there[name] for name in keys}}
    if after is not None and view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        images["NewImage"] = after
    if before is not None and view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        images["OldImage"] = before
    record = {
        "eventID": uuid.uuid4().hex,
        "eventName": "INSERT" if before is None else "REMOVE" if after is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": {
            "ApproximateCreationDateTime": now.replace(microsecond=0),
            **{name: _with_bytes({"M": image})["M"] for name, image in images.items()},
            "SequenceNumber": str(sequence_number),
            "SizeBytes": sum(map(item_size, images.values())),
            "StreamViewType": view,
        },
    }
    return record | ({"userIdentity": BY_EXPIRY} if by_expiry else {})


def _with_bytes(value: Value) -> Value:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            content = b64decode(content)
        case "BS":
            content = [b64decode(member) for member in content]
        case "SS" | "NS":
            content = list(content)
        case "M":
            content = {name: _with_bytes(member) for name, member in content.items()}
        case "L":
            content = [_with_bytes(member) for member in content]
    return {kind: content}
