"""The table's key: partition key and sort key."""

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
"""The values that identify an item."""

# DynamoDB, "Service, account, and table quotas".
MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024
MAX_NAME_BYTES = 255  # of a key's attribute

_TYPES = {"S": "a string", "N": "a number"}


class KeyAttribute(NamedTuple):
    """One of the two: its name, its type (S or N), and its maximum size."""

    name: str
    type: str
    max_bytes: int

    def value(self, item: Mapping[str, Any]) -> str | Decimal:
        """Its value in an item; raises Rejected if DynamoDB would refuse it as a key."""
        name, type_, max_bytes = self
        if name not in item:
            raise Rejected(Reason.BAD_ITEM, f"the item has no {name}, which is part of its key")
        value: str | None = item[name].get(type_)
        if value is None:
            detail = f"{name} is not {_TYPES[type_]}, as the table's key requires"
            raise Rejected(Reason.BAD_ITEM, detail)
        if type_ == "N":
            # A number may be written in several ways.
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
        """Parse a module's KEY; raises ValueError if it is invalid."""
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
        """The key values of an item; raises Rejected if DynamoDB would refuse them."""
        partition, sort = self
        return partition.value(item), sort.value(item)
