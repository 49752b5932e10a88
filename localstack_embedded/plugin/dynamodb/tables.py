"""moto's tables, with a single way to store an item and to record the change in the stream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import RLock
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamo_type
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as StoredItem
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from .changes import change_record
from .errors import invalid, invalid_parameter
from .expressions import RESERVED
from .keys import Attributes, Schema
from .values import Item

# "All data in DynamoDB Streams is subject to a 24-hour lifetime": Change data capture for DynamoDB
# Streams.
_RETENTION = timedelta(hours=24)

LOCK = RLock()
"""Must be held to read or change tables, since moto's aren't thread-safe."""


def mend() -> None:
    """Correct moto's streams, make its items cheaper, and take over its list of reserved words."""
    StreamShard.add = _tell
    DynamoDBBackend.update_table_streams = _switch_stream
    StreamShard.__init__ = _begin
    RESERVED.update(ReservedKeywords.get_reserved_keywords())
    # moto's dictionary sums up the item's size again with each attribute added.
    dynamo_type.LimitedSizeDict = dict


def schema_of(table: Table) -> Schema:
    """The keys of a table and of its indexes."""
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table.attr}

    def keys(schema: list[dict[str, str]]) -> Attributes:
        ordered = sorted(schema, key=lambda entry: entry["KeyType"])  # HASH, then RANGE
        return tuple((entry["AttributeName"], types[entry["AttributeName"]]) for entry in ordered)

    projected = {}
    for index in (*table.indexes, *table.global_indexes):
        projection = index.projection or {}
        kind = projection.get("ProjectionType", "ALL")
        if kind != "ALL":
            more = projection.get("NonKeyAttributes", ()) if kind == "INCLUDE" else ()
            names = (entry["AttributeName"] for entry in (*table.schema, *index.schema))
            projected[index.name] = frozenset((*names, *more))
    return Schema(
        table.name,
        keys(table.schema),
        {index.name: keys(index.schema) for index in table.indexes},
        {index.name: keys(index.schema) for index in table.global_indexes},
        projected,
    )


def all_items(table: Table) -> Iterator[StoredItem]:
    """moto's items, in no particular order."""
    for partition in list(table.items.values()):
        if table.range_key_attr:
            yield from partition.values()
        else:
            yield partition


class KeptItem(StoredItem):  # type: ignore[misc]
    """A moto item that converts its values to moto's types only when they are read.

    They rarely are, and converting them takes as long as the rest of storing an item.
    """

    def __init__(self, hash_key: DynamoType, range_key: DynamoType | None, plain: Item) -> None:
        self.hash_key = hash_key
        self.range_key = range_key
        self.plain: Item | None = plain

    @cached_property
    def attrs(self) -> dict[str, DynamoType]:
        """The values in moto's types; they replace `plain`, because moto may change them."""
        attrs = {name: DynamoType(value) for name, value in (self.plain or {}).items()}
        # Both at once, since another thread may be reading or pickling the item.
        self.__dict__.update(attrs=attrs, plain=None)
        return attrs


def plain(item: StoredItem) -> Item:
    """A moto item in DynamoDB JSON; callers must not modify it."""
    kept: Item | None = getattr(item, "plain", None)
    if kept is not None:
        return kept
    return {name: plain_value(value) for name, value in item.attrs.items()}


def plain_value(value: DynamoType) -> dict[str, Any]:
    """A moto value in DynamoDB JSON."""
    content = value.value
    if value.type == "M":
        content = {name: plain_value(member) for name, member in content.items()}
    elif value.type == "L":
        content = [plain_value(member) for member in content]
    elif value.is_set():
        content = list(content)
    return {value.type: content}


class Place:
    """The place of an item in a table, whether it exists or not."""

    def __init__(self, table: Table, attributes: Item) -> None:
        self.table = table
        self._hash = DynamoType(attributes[table.hash_key_attr])
        sort = table.range_key_attr
        self._range = DynamoType(attributes[sort]) if sort else None

    @property
    def stored(self) -> StoredItem | None:
        """The item as moto stores it, or None."""
        found = self.table.items.get(self._hash)
        return found.get(self._range) if found is not None and self._range else found

    @property
    def item(self) -> Item | None:
        """The item in DynamoDB JSON, or None."""
        stored = self.stored
        return None if stored is None else plain(stored)

    def set(self, item: Item | None, *, by_expiry: bool = False) -> None:
        """Store an item, or delete it if None, and record the change in the stream."""
        shard = self.table.stream_shard
        before = None if shard is None else self.stored
        after = None if item is None else KeptItem(self._hash, self._range, item)
        self.replace(after)
        if shard is not None:
            _tell(shard, before, after, by_expiry=by_expiry)

    def replace(self, after: StoredItem | None) -> None:
        """Store a moto item, or delete it if None, without recording the change."""
        items = self.table.items
        if after is None:
            if self.stored is not None:
                if self._range:
                    del items[self._hash][self._range]
                if not self._range or not items[self._hash]:
                    del items[self._hash]
        elif self._range:
            items[self._hash][self._range] = after
        else:
            items[self._hash] = after


_make = StreamShard.__init__


def _begin(shard: StreamShard, account_id: str, table: Table) -> None:
    _make(shard, account_id, table)
    view = table.stream_specification.get("StreamViewType")
    if view is None:
        raise invalid_parameter("StreamViewType must be specified when StreamEnabled is true")
    shard.view = view  # The table forgets it when the stream is turned off.
    shard.trimmed = 0  # number of records that have expired


def trim(shard: StreamShard, now: datetime) -> None:
    """Drop the records of a stream that are older than a day."""
    kept = (index for index, told in enumerate(shard.items) if now - told.at < _RETENTION)
    expired = next(kept, len(shard.items))
    del shard.items[:expired]
    shard.trimmed += expired


def _tell(
    shard: StreamShard,
    before: StoredItem | None,
    after: StoredItem | None,
    *,
    by_expiry: bool = False,
) -> None:
    table = shard.table
    if not table.stream_specification["StreamEnabled"]:
        return
    now = datetime.now(UTC)
    record = change_record(
        before and plain(before),
        after and plain(after),
        keys=dict.fromkeys(table.table_key_attrs),
        view=shard.view,
        sequence_number=shard.starting_sequence_number + shard.trimmed + len(shard.items),
        region=table.region_name,
        now=now,
        by_expiry=by_expiry,
    )
    if record is not None:
        trim(shard, now)
        shard.items.append(_Told(record, now))


def _switch_stream(_backend: DynamoDBBackend, table: Table, wanted: dict[str, Any]) -> None:
    """Turn a table's stream on or off; its records stay until the next one is turned on."""
    is_on = table.stream_specification["StreamEnabled"]
    if bool(wanted.get("StreamEnabled")) == bool(is_on):
        has = "already has an enabled" if is_on else "has no enabled"
        raise invalid(f"Table {has} stream: TableName: {table.name}")
    table.set_stream_specification(wanted)


class _Told:
    """A stream record with the method that moto needs, and the time it was recorded."""

    def __init__(self, record: dict[str, Any], at: datetime) -> None:
        self._record = record
        self.at = at

    def to_json(self) -> dict[str, Any]:
        return self._record
