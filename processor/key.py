"""What identifies an item: the table's partition key and sort key."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from processor.errors import Reason, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping


Attribute = dict[str, Any]
"""A value with its type: `{"S": "text"}`."""

Item = dict[str, Attribute]

KeyValue = tuple[str | Decimal, str | Decimal]
"""What tells an item from all others."""

# DynamoDB, "Service, account, and table quotas".
MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024
MAX_NAME_BYTES = 255  # of a key's attribute

_TYPES = {"S": "a string", "N": "a number"}


class KeyAttribute(NamedTuple):
    """One of the two: its name, its type (S or N), and its size at most."""

    name: str
    type: str
    max_bytes: int

    def value(self, item: Mapping[str, Any]) -> str | Decimal:
        """What it is in an item; raises Rejected where DynamoDB would take no such key."""
        name, type_, max_bytes = self
        if name not in item:
            raise Rejected(Reason.BAD_ITEM, f"the item has no {name}, which is part of its key")
        value: str | None = item[name].get(type_)
        if value is None:
            detail = f"{name} is not {_TYPES[type_]}, as the table's key has it"
            raise Rejected(Reason.BAD_ITEM, detail)
        if type_ == "N":
            # It may be written in several ways.
            return Decimal(value)
        if not value:
            raise Rejected(Reason.BAD_ITEM, f"{name} is empty, which no key may be")
        # No character takes more than four bytes.
        if len(value) * 4 > max_bytes and (length := len(value.encode())) > max_bytes:
            raise Rejected(Reason.KEY_TOO_LONG, f"{name} has {length} bytes in UTF-8")
        return value


class Key(NamedTuple):
    """The attributes that identify an item."""

    partition: KeyAttribute
    sort: KeyAttribute

    @classmethod
    def of(cls, types: object) -> Key:
        """The key that a module's KEY names; raises ValueError for what can be none."""
        if not isinstance(types, dict) or len(types) != 2:
            raise ValueError('KEY must be like {"sensor": "S", "time": "N"}')
        for name, type_ in types.items():
            if not (isinstance(name, str) and 0 < len(name.encode()) <= MAX_NAME_BYTES):
                raise ValueError(f"KEY names {name!r}: it must be text of 1 to 255 bytes")
            if not (isinstance(type_, str) and type_ in _TYPES):
                raise ValueError(f'KEY gives {name!r} the type {type_!r}: it must be "S" or "N"')
        (partition, of_partition), (sort, of_sort) = types.items()
        return cls(
            KeyAttribute(partition, of_partition, MAX_PARTITION_KEY_BYTES),
            KeyAttribute(sort, of_sort, MAX_SORT_KEY_BYTES),
        )

    def value(self, item: Mapping[str, Any]) -> KeyValue:
        """What tells an item from all others; raises Rejected where DynamoDB would not take it."""
        partition, sort = self
        return partition.value(item), sort.value(item)
