"""The keys of a table, and checks of items and of the keys in requests against them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .errors import invalid, invalid_parameter
from .values import Item, Value, utf8_size

MISMATCH = "The provided key element does not match the schema"
_MAX_PARTITION_KEY = 2048  # bytes
_MAX_SORT_KEY = 1024

Attributes = tuple[tuple[str, str], ...]
"""Name and type of a partition key and, if there is one, of a sort key."""


@dataclass(frozen=True)
class Schema:
    """The keys of a table, and those of its indexes by index name."""

    table: str
    keys: Attributes
    local: Mapping[str, Attributes]
    global_: Mapping[str, Attributes]
    projected: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The names of the attributes in an index, for indexes that don't project all of them."""

    def entry(self, index: str, item: Item) -> Item:
        """The part of an item that an index holds."""
        names = self.projected.get(index)
        if names is None:
            return item
        return {name: value for name, value in item.items() if name in names}

    @property
    def indexes(self) -> Mapping[str, Attributes]:
        """The keys of all indexes, by index name."""
        return {**self.local, **self.global_}


def check_item_keys(item: Item, schema: Schema) -> None:
    """Refuse an item that the table or one of its indexes can't hold."""
    for place, (name, wanted) in enumerate(schema.keys):
        value = item.get(name)
        if value is None:
            raise invalid_parameter(f"Missing the key {name} in the item")
        if wanted not in value:
            raise invalid_parameter(
                f"Type mismatch for key {name} expected: {wanted} actual: {next(iter(value))}"
            )
        _check_content(name, value, wanted, is_partition_key=place == 0)
    if schema.local or schema.global_:
        check_index_keys(item, schema)


def check_index_keys(attributes: Mapping[str, Value], schema: Schema) -> None:
    """Refuse attributes that an index can't have as its keys."""
    for index, keys in schema.indexes.items():
        for place, (name, wanted) in enumerate(keys):
            value = attributes.get(name)
            if value is None or (name, wanted) in schema.keys:
                continue
            if wanted not in value:
                raise invalid_parameter(
                    f"Type mismatch for Index Key {name} Expected: {wanted}"
                    f" Actual: {next(iter(value))} IndexName: {index}"
                )
            if value[wanted] == "":
                raise invalid(
                    "One or more parameter values are not valid. A value specified for a secondary"
                    " index key is not supported. The AttributeValue for a key attribute cannot"
                    f" contain an empty {_named(wanted)} value. IndexName: {index},"
                    f" IndexKey: {name}"
                )
            _check_content(name, value, wanted, is_partition_key=place == 0)


def check_key(key: Item, schema: Schema, keys: Attributes | None = None) -> None:
    """Refuse a key that doesn't match `keys`, by default the table's own."""
    keys = keys or schema.keys
    if len(key) != len(keys) or any(wanted not in key.get(name, {}) for name, wanted in keys):
        raise invalid(MISMATCH)
    for place, (name, wanted) in enumerate(keys):
        _check_content(name, key[name], wanted, is_partition_key=place == 0)


def identity(attributes: Item, schema: Schema) -> tuple[str, ...]:
    """The table and key values that identify an item; numbers must be in their stored form."""
    return (schema.table, *(attributes[name][kind] for name, kind in schema.keys))


def names_of(keys: Iterable[Attributes]) -> list[str]:
    """The names of the attributes in several keys, each once."""
    return list(dict.fromkeys(name for attributes in keys for name, _kind in attributes))


def _check_content(name: str, value: Value, kind: str, *, is_partition_key: bool) -> None:
    content = value[kind]
    if kind == "N":
        return
    if not content:
        raise invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute"
            f" cannot contain an empty {_named(kind)} value. Key: {name}"
        )
    size = utf8_size(content) if kind == "S" else len(b64decode(content))
    if is_partition_key and size > _MAX_PARTITION_KEY:
        # The missing space is AWS's.
        raise invalid_parameter("Size of hashkey has exceeded the maximum size limit of2048 bytes")
    if not is_partition_key and size > _MAX_SORT_KEY:
        raise invalid_parameter(
            "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
        )


def _named(kind: str) -> str:
    return "string" if kind == "S" else "binary"
